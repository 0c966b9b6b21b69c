package actor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
)

// A Router is a group of actors that share the work. They are the children of one actor, and
// their failures are dealt with as those of any children. Create one with [NewRouter].
//
// One that is restarted keeps its place, and gets messages meanwhile. One that has stopped for
// good is not replaced before the next [Router.Resize]. If the actor that they are the children
// of is restarted, new ones take the place of all of them; until then all have stopped.
//
// To route takes no lock but that of the mailbox, and does not allocate unless an actor has
// just stopped.
type Router[M any] struct {
	parent  *Ref[routing[M]]
	route   Route[M]
	size    int                       // that an incarnation of the parent begins with, which alone uses it
	routees atomic.Pointer[[]*Ref[M]] // set by the parent
}

// routing is what the parent of the actors is told.
type routing[M any] struct {
	size    int         // that there are to be; 0 if that is not what it is about
	resized Reply[bool] // once there are
	gone    *Ref[M]     // has stopped
}

// NewRouter spawns size actors under a new actor, which has the given name under parent, and
// waits for that until ctx ends. The options are those of all of them, but only the others
// have a [Mailbox]. It panics if size is below 1, and fails as [Spawn] does.
func NewRouter[M any](ctx context.Context, parent Parent, name string, size int, route Route[M],
	factory func() Behavior[M], opts ...Option) (*Router[M], error) {
	checkSize(size)
	if route == nil || factory == nil {
		panic("actor: NewRouter without a route or a factory")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &Router[M]{route: route}
	r.routees.Store(new([]*Ref[M]))
	var err error
	r.parent, err = Spawn(parent, name, func() Behavior[routing[M]] {
		return &routerBehavior[M]{router: r, factory: factory, opts: opts}
	}, append(slices.Clip(opts), ofTheParent)...)
	if err != nil {
		return nil, err
	}
	if err := r.Resize(ctx, size); err != nil {
		r.parent.actor.kill()
		return nil, err
	}
	return r, nil
}

// ofTheParent takes away the options that are about messages, which are not the user's.
func ofTheParent(c *config) { c.capacity, c.onUndelivered = 0, nil }

func checkSize(size int) {
	if size < 1 {
		panic(fmt.Sprintf("actor: router of %d actors", size))
	}
}

// Tell tells m to the actor that it is routed to, as [Ref.Tell] does. If that one has
// stopped, it is routed among the others; Tell returns [ErrStopped] if all have. If
// that one's mailbox is full, no other one is tried.
//
// What one goroutine tells is handled in order as far as it goes to the same actor.
func (r *Router[M]) Tell(ctx context.Context, m M) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.send(ctx, m, true)
}

// TryTell is Tell without waiting: it returns [ErrFull] if the mailbox is full.
func (r *Router[M]) TryTell(m M) error { return r.send(context.Background(), m, false) }

func (r *Router[M]) send(ctx context.Context, m M, wait bool) error {
	return r.each(m, func(to *Ref[M]) error {
		return to.actor.send(ctx, envelope[M]{message: m}, wait)
	})
}

// each calls try with the actors that m is routed to, one after the other, until one has not
// stopped.
func (r *Router[M]) each(m M, try func(*Ref[M]) error) error {
	list := r.routees.Load()
	for to := *list; ; {
		if len(to) == 0 {
			newer := r.routees.Load()
			if newer == list {
				return ErrStopped
			}
			list, to = newer, *newer
			continue
		}
		explore.Point("actor: about to route")
		i := r.route(m, to)
		err := try(to[i])
		if !errors.Is(err, ErrStopped) {
			return err
		}
		to = without(to, i)
	}
}

// without returns a list without its element i, whose place the last one takes: so that
// consistent hashing moves few keys.
func without[T any](list []T, i int) []T {
	last := len(list) - 1
	shorter := slices.Clone(list[:last])
	if i < last {
		shorter[i] = list[last]
	}
	return shorter
}

// Pick returns the actor that m is routed to, nil if there is none. It may have stopped. See
// also [AskRouter].
func (r *Router[M]) Pick(m M) *Ref[M] {
	to := *r.routees.Load()
	if len(to) == 0 {
		return nil
	}
	return to[r.route(m, to)]
}

// Routees returns the actors that messages are routed to. One that stops is among them for a
// little longer.
func (r *Router[M]) Routees() []*Ref[M] { return slices.Clone(*r.routees.Load()) }

// Resize spawns actors, or has the last ones stop, until there are size of them, and waits
// for that until ctx ends; but not until those have stopped, which handle what they have
// accepted. If one cannot be spawned it fails as [Spawn] does, and nothing has changed; if ctx
// ends while it waits, that may still come. It panics if size is below 1.
func (r *Router[M]) Resize(ctx context.Context, size int) error {
	checkSize(size)
	_, err := Ask(ctx, r.parent, func(done Reply[bool]) routing[M] {
		return routing[M]{size: size, resized: done}
	})
	return err
}

// Stop stops all of it, as [Ref.Stop] does.
func (r *Router[M]) Stop(ctx context.Context) error { return r.parent.Stop(ctx) }

// Actor returns the actor whose children the others are: to watch, to kill.
func (r *Router[M]) Actor() Actor { return r.parent }

// routerBehavior is that of the parent of a router's actors.
type routerBehavior[M any] struct {
	router  *Router[M]
	factory func() Behavior[M]
	opts    []Option
	list    []*Ref[M] // is what was published last
}

func (b *routerBehavior[M]) Started(c *Context[routing[M]]) error { return b.fit(c, b.router.size) }

func (b *routerBehavior[M]) Receive(c *Context[routing[M]], m routing[M]) error {
	if m.size == 0 {
		if i := slices.Index(b.list, m.gone); i >= 0 {
			b.publish(without(b.list, i))
		}
		return nil
	}
	if err := b.fit(c, m.size); err != nil {
		m.resized.Fail(err)
		return nil
	}
	b.router.size = m.size
	m.resized.Send(true)
	return nil
}

// fit spawns or stops actors until there are size of them. If it fails, there are those that
// there were.
func (b *routerBehavior[M]) fit(c *Context[routing[M]], size int) error {
	list := slices.Clone(b.list)
	for len(list) < size {
		ref, err := Spawn(c, "", b.factory, b.opts...)
		if err != nil {
			dismiss(list[len(b.list):])
			return err
		}
		c.Watch(ref, func(Terminated) routing[M] { return routing[M]{gone: ref} })
		list = append(list, ref)
	}
	b.publish(list[:size:size])
	dismiss(list[size:])
	return nil
}

// publish has messages routed to those in the list, which nobody is to change any more.
func (b *routerBehavior[M]) publish(list []*Ref[M]) {
	b.list = list
	b.router.routees.Store(&list)
}

// dismiss has actors stop that get no more messages.
func dismiss[M any](refs []*Ref[M]) {
	for _, ref := range refs {
		ref.actor.order(stop, nil)
	}
}

// AskRouter is [Ask] of the actor that the message is routed to. If that one has stopped, it
// is routed among the others, and AskRouter returns [ErrStopped] if all have. message is called
// with the zero Reply first, for the message that it is routed by, and then for each actor
// that is asked.
func AskRouter[R, M any](ctx context.Context, router *Router[M], message func(Reply[R]) M) (R, error) {
	var q *question[R]
	err := router.each(message(Reply[R]{}), func(to *Ref[M]) (err error) {
		q, err = pose(ctx, to, message)
		return err
	})
	if err != nil {
		var none R
		return none, err
	}
	return q.await(ctx)
}
