package actor

import (
	"container/list"

	"github.com/interleave-go/interleave/internal/explore"
)

// Terminated says that an actor has stopped for good. A restart is no reason.
type Terminated struct {
	Actor Actor
	Err   error // why: nil if it was told to
}

// An observer is told once that an actor has stopped, without a lock held.
type observer interface{ fire() }

// A watch is what an actor has on another one.
type watch struct {
	tag
	watcher, target *cell
	tell            func(Terminated)
	mine            *list.Element // in the watcher's list, guarded by its mu
	theirs          *list.Element // in the target's list, guarded by its mu
}

// Watch has the actor handle, once target has stopped, what message makes of that; at once
// if it has stopped already. That comes after all that target has told the actor. message is
// called by the actor. The watch ends with the incarnation of the actor, or when unwatch is
// called by the actor; nothing of it is handled from then on.
func (c *Context[M]) Watch(target Actor, message func(Terminated) M) (unwatch func()) {
	a := c.actor
	w := &watch{watcher: &a.cell, target: target.parentCell()}
	w.own = true
	w.tell = func(t Terminated) {
		w.content = func(m any) { *m.(*M) = message(t) }
		var none M
		a.deliver(none, &w.tag)
	}
	a.mu.Lock()
	if a.phase > live {
		a.mu.Unlock()
		return func() {}
	}
	w.incarnation = a.numberLocked()
	w.mine = a.needMoreLocked().watches.PushBack(w)
	a.mu.Unlock()
	explore.Point("actor: about to watch")
	w.target.observe(w, &w.theirs)
	return w.remove
}

// observe has o told once the actor has stopped; at once, if it has already. Its place in the
// list is stored in at, which mu guards.
func (c *cell) observe(o observer, at **list.Element) {
	c.mu.Lock()
	stopped := c.left
	if !stopped {
		*at = c.needMoreLocked().watchers.PushBack(o)
	}
	c.mu.Unlock()
	if stopped {
		o.fire()
	}
}

// disregard undoes observe.
func (c *cell) disregard(at **list.Element) {
	c.mu.Lock()
	if *at != nil {
		c.more.watchers.Remove(*at)
	}
	c.mu.Unlock()
}

// fire tells the watcher that the target has stopped.
func (w *watch) fire() {
	w.watcher.mu.Lock()
	w.watcher.more.watches.Remove(w.mine)
	w.watcher.mu.Unlock()
	w.target.mu.Lock()
	err := w.target.more.cause
	w.target.mu.Unlock()
	w.tell(Terminated{Actor: w.target.typed.actor(), Err: err})
}

// remove ends the watch.
func (w *watch) remove() {
	w.void.Store(true)
	w.watcher.mu.Lock()
	w.watcher.more.watches.Remove(w.mine)
	w.watcher.mu.Unlock()
	w.target.disregard(&w.theirs)
}

// unwatch ends all watches of the actor.
func (c *cell) unwatch() {
	c.mu.Lock()
	for e := c.more.watches.Front(); e != nil; e = c.more.watches.Front() {
		w := c.more.watches.Remove(e).(*watch)
		c.mu.Unlock()
		w.remove()
		c.mu.Lock()
	}
	c.mu.Unlock()
}
