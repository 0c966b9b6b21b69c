package actor

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
)

// A Route says which of several actors is to have a message: it returns an index. It is
// called by whoever sends, so by many goroutines at a time. There is at least one actor.
type Route[M any] func(m M, to []*Ref[M]) int

// RoundRobin routes to one actor after the other.
func RoundRobin[M any]() Route[M] {
	var turns atomic.Uint64
	return func(_ M, to []*Ref[M]) int { return int((turns.Add(1) - 1) % uint64(len(to))) }
}

// LeastLoaded routes to the actor with the fewest messages that wait or are being handled,
// and to one after the other of those that have as few. It asks all of them, at slightly
// different times; so two who send at once can choose the same one.
func LeastLoaded[M any]() Route[M] {
	var turns atomic.Uint64
	return func(_ M, to []*Ref[M]) int {
		first := int(turns.Add(1) % uint64(len(to)))
		best, least := 0, uint64(0)
		for i := range to {
			at := (first + i) % len(to)
			if waiting := to[at].Stats().Waiting; i == 0 || waiting < least {
				best, least = at, waiting
			}
			if least == 0 {
				break
			}
		}
		return best
	}
}

// ConsistentHash routes messages of the same key to the same actor. If their number grows
// from n to m, only the share (m-n)/m of the keys moves, all of it to the new actors (Lamping
// and Veach, "A fast, minimal memory, consistent hash algorithm", 2014). Another process
// routes otherwise.
func ConsistentHash[M any, K comparable](key func(m M) K) Route[M] {
	seed := maphash.MakeSeed()
	return func(m M, to []*Ref[M]) int {
		hash, bucket, next := maphash.Comparable(seed, key(m)), int64(0), int64(0)
		for next < int64(len(to)) {
			bucket = next
			hash = hash*2862933555777941757 + 1
			next = int64(float64(bucket+1) * (float64(1<<31) / float64(hash>>33+1)))
		}
		return int(bucket)
	}
}

// A Router is a group of actors that share the work. They are the children of one actor, and
// their failures are dealt with as those of any children. Create one with [NewRouter].
//
// One that has stopped for good is not replaced. If the actor that they are the children of is
// restarted, so are they.
type Router[M any] struct {
	parent  *Ref[routing[M]]
	route   Route[M]
	size    atomic.Int64
	routees atomic.Pointer[[]*Ref[M]] // set by the parent
}

// routing is what the parent of the actors is told.
type routing[M any] struct {
	fitted Reply[int] // to spawn or stop actors until there are as many as there are to be
	gone   *Ref[M]    // has stopped
}

// NewRouter spawns size actors under a new actor, which has the given name under parent, and
// waits for that until ctx ends. The options are those of all of them, but only the others
// have a [Mailbox]. It panics if size is below 1, and fails as [Spawn] does.
func NewRouter[M any](ctx context.Context, parent Parent, name string, size int, route Route[M],
	factory func() Behavior[M], opts ...Option) (*Router[M], error) {
	r := &Router[M]{route: route}
	r.routees.Store(new([]*Ref[M]))
	r.setSize(size)
	var err error
	r.parent, err = Spawn(parent, name, func() Behavior[routing[M]] {
		return &routerBehavior[M]{router: r, factory: factory, opts: opts}
	}, append(slices.Clip(opts), func(c *config) { c.capacity = 0 })...)
	if err == nil {
		if err = r.fit(ctx); err != nil {
			r.parent.actor.kill()
		}
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Router[M]) setSize(size int) {
	if size < 1 {
		panic(fmt.Sprintf("actor: router of %d actors", size))
	}
	r.size.Store(int64(size))
}

// fit waits until there are as many actors as there are to be.
func (r *Router[M]) fit(ctx context.Context) error {
	_, err := Ask(ctx, r.parent, func(fitted Reply[int]) routing[M] { return routing[M]{fitted: fitted} })
	return err
}

// Tell tells m to the actor that it is routed to, as [Ref.Tell] does. If that one has
// stopped, it is routed among the others; Tell returns [ErrStopped] if all have.
func (r *Router[M]) Tell(ctx context.Context, m M) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.send(ctx, m, true)
}

// TryTell is Tell without waiting: it returns [ErrFull] if the mailbox is full.
func (r *Router[M]) TryTell(m M) error { return r.send(context.Background(), m, false) }

func (r *Router[M]) send(ctx context.Context, m M, wait bool) error {
	to := *r.routees.Load()
	for len(to) > 0 {
		explore.Point("actor: about to route")
		i := r.route(m, to)
		err := to[i].actor.send(ctx, envelope[M]{message: m}, wait)
		if !errors.Is(err, ErrStopped) {
			return err
		}
		to = slices.Delete(slices.Clone(to), i, i+1)
	}
	return ErrStopped
}

// Pick returns the actor that m is routed to, nil if all have stopped: for [Ask].
func (r *Router[M]) Pick(m M) *Ref[M] {
	to := *r.routees.Load()
	if len(to) == 0 {
		return nil
	}
	return to[r.route(m, to)]
}

// Routees returns the actors that messages are routed to.
func (r *Router[M]) Routees() []*Ref[M] { return slices.Clone(*r.routees.Load()) }

// Resize spawns actors, or has the last ones stop, until there are size of them, and waits
// for that until ctx ends; but not until those have stopped. It panics if size is below 1.
func (r *Router[M]) Resize(ctx context.Context, size int) error {
	r.setSize(size)
	return r.fit(ctx)
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
	list    []*Ref[M]
}

func (b *routerBehavior[M]) Started(c *Context[routing[M]]) error { return b.fit(c) }

func (b *routerBehavior[M]) Receive(c *Context[routing[M]], m routing[M]) error {
	if m.gone != nil {
		b.list = slices.DeleteFunc(b.list, func(r *Ref[M]) bool { return r == m.gone })
		b.publish()
		return nil
	}
	if err := b.fit(c); err != nil {
		m.fitted.Fail(err)
		return nil
	}
	m.fitted.Send(len(b.list))
	return nil
}

func (b *routerBehavior[M]) fit(c *Context[routing[M]]) error {
	size := int(b.router.size.Load())
	for len(b.list) < size {
		ref, err := Spawn(c, "", b.factory, b.opts...)
		if err != nil {
			return err
		}
		c.Watch(ref, func(Terminated) routing[M] { return routing[M]{gone: ref} })
		b.list = append(b.list, ref)
	}
	superfluous := b.list[size:]
	b.list = slices.Clone(b.list[:size])
	b.publish()
	for _, ref := range superfluous {
		ref.actor.order(stop, nil)
	}
	return nil
}

// publish has messages routed to those that are in the list now.
func (b *routerBehavior[M]) publish() {
	list := slices.Clone(b.list)
	b.router.routees.Store(&list)
}
