package actor

import (
	"context"
	"time"
)

// A Context is what a [Behavior] is called with: the actor, as it sees itself. It is a
// context.Context that ends when the actor is to end now: by Kill, by the end of a
// [System.Shutdown], when it is restarted with others, when a child has failed for good, and
// after it has stopped. To return its error then is no failure.
//
// Use it only in the calls that it was given to. What goes on afterwards is started with
// [Pipe], [Context.After] or [Context.Every], or gets a context derived from it. A goroutine
// with such a context counts as the actor: that it asks the actor is a [*CycleError].
type Context[M any] struct {
	actor  *actor[M]
	number uint32 // of the incarnation
}

var _ context.Context = (*Context[int])(nil)

// Self returns the actor.
func (c *Context[M]) Self() *Ref[M] { return &c.actor.ref }

// Parent returns the actor's parent, nil if that is the system.
func (c *Context[M]) Parent() Actor { return c.actor.ref.Parent() }

// Children returns the actor's children in the order in which they were spawned.
func (c *Context[M]) Children() []Actor { return c.actor.children() }

// System returns the system that the actor belongs to.
func (c *Context[M]) System() *System { return c.actor.config.system }

// Become has b handle the messages from the next one on, until another Become or a
// restart, which begins with the factory's. Started, Stopping and Stopped are called on the
// behavior that the factory has made.
func (c *Context[M]) Become(b Behavior[M]) {
	if b == nil {
		panic("actor: Become nil")
	}
	a := c.actor
	a.mu.Lock()
	if x := a.needExtraLocked(); x.made == nil {
		x.made = a.behavior
	}
	a.mu.Unlock()
	a.behavior = b
}

// Stop has the actor stop as [Ref.Stop] does, but does not wait. A [Permanent] actor ends
// after this message, and is restarted.
func (c *Context[M]) Stop() {
	if c.actor.config.lifetime == Permanent {
		c.actor.order(retire, nil)
	} else {
		c.actor.order(stop, nil)
	}
}

// Stash puts the message that is being handled, m, aside until [Context.Unstash]. A restart
// unstashes as well. What is aside when the actor stops is undelivered. It panics in Stopped.
func (c *Context[M]) Stash(m M) {
	a := c.actor
	a.mu.Lock()
	if a.phase >= final {
		a.mu.Unlock()
		panic("actor: Stash in Stopped")
	}
	t := a.current.Load()
	if t != nil && t.ask != nil {
		t.ask.taken = false
	}
	more := a.needMoreLocked()
	more.handled++ // that is no progress
	if t == nil || !t.own {
		more.idle++
	}
	x := a.needExtraLocked()
	x.stash = append(x.stash, envelope[M]{m, t})
	a.accepted++
	a.mu.Unlock()
}

// Unstash has the messages that were put aside handled next, in their order.
func (c *Context[M]) Unstash() {
	a := c.actor
	a.mu.Lock()
	a.unstashLocked()
	a.mu.Unlock()
}

// Deadline returns that there is none.
func (c *Context[M]) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done returns a channel that is closed when the actor is to end now.
func (c *Context[M]) Done() <-chan struct{} { return c.inner().Done() }

// Err returns nil while the actor is not to end now.
func (c *Context[M]) Err() error { return c.inner().Err() }

// Value returns nothing of use to others.
func (c *Context[M]) Value(key any) any {
	if key == (callerKey{}) {
		return &c.actor.cell
	}
	return c.inner().Value(key) // also says how to follow it
}

func (c *Context[M]) inner() context.Context {
	c.actor.mu.Lock()
	defer c.actor.mu.Unlock()
	if c.number != c.actor.numberLocked() { // a context.WithValue of it was kept
		return overdue
	}
	return c.actor.contextLocked()
}

// overdue is the context of an incarnation that is over. Nobody waits for it to end, so it can
// be used in and outside of bubbles.
var overdue = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(ErrRestarted)
	return ctx
}()

// contextLocked returns the context of the incarnation.
func (c *cell) contextLocked() context.Context {
	m := c.needMoreLocked()
	if m.context == nil {
		ctx, cancel := context.WithCancelCause(context.Background())
		m.context, m.cancel = ctx, cancel
		if c.phase > ending || c.orders&(kill|renew|fail) != 0 {
			cancel(ErrStopped)
		}
	}
	return m.context
}
