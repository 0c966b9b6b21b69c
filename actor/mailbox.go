package actor

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// An envelope is a message in a mailbox.
type envelope[M any] struct {
	message M
	tag     *tag // nil if there is no more to know of it
}

// A tag is what there can be to know of a message.
type tag struct {
	ask         *ask        // whose question it is, nil if none
	own         bool        // from a timer, a pipe or a watch of the actor itself
	incarnation uint32      // that has it coming, if it is own
	void        atomic.Bool // an own one is not to be handled any more
	waiting     atomic.Bool // a timer's is in the mailbox
	content     func(m any) // sets the message, of which m is the address; by whoever handles it
	tries       int         // times that it was redelivered
}

// An actor is a cell with its type of messages.
//
// Messages are appended to in. Without a bound, whoever runs the actor takes all of them by
// swapping in and out when it has no more, and then needs no lock for each. With a bound it
// takes them from in one by one, so that their number is exact.
//
// Invariant, whenever mu is free: accepted is the number of messages that were handled, are
// being handled, wait, or were undelivered. One that is stashed or redelivered is accepted
// once more.
type actor[M any] struct {
	cell

	// Guarded by mu.
	in       []envelope[M]
	accepted uint64
	extra    *extra[M] // see needExtraLocked

	ref     Ref[M]
	context *Context[M] // of the incarnation
	initial Context[M]
	factory func() Behavior[M]

	// For whoever runs the actor.
	behavior Behavior[M]
	current  atomic.Pointer[tag] // of the message that is being handled
	out      []envelope[M]
	next     int           // in out; those before are zero
	handled  atomic.Uint64 // only added to by whoever runs the actor
}

// extra is what few actors have, guarded by mu.
type extra[M any] struct {
	first       []envelope[M] // come before all others
	stash       []envelope[M] // wait for Unstash
	undelivered uint64
	made        Behavior[M]              // by the factory, if there was a Become since
	head        int                      // the next one of a bounded in; those before are zero
	count       int                      // messages in a bounded in that count
	senders     waitq.Queue[envelope[M]] // who wait for room in it
}

const (
	turnLength = 256             // messages until others get their turn
	keep       = 4 * turnLength  // messages that there is room for in the mailbox of an actor that rests
	crowdTurn  = turnLength / 16 // messages until senders give up their turn, if there is a full turn of them
)

func (a *actor[M]) needExtraLocked() *extra[M] {
	if a.extra == nil {
		a.extra = new(extra[M])
	}
	return a.extra
}

// send puts e into the mailbox. It waits for room, if it is to, until ctx ends.
func (a *actor[M]) send(ctx context.Context, e envelope[M], wait bool) error {
	if !a.mu.TryLock() { // is inlined, Lock is not
		a.mu.Lock()
	}
	switch {
	case a.closed || a.config.capacity > 0:
		a.mu.Unlock()
		return a.sendSlow(ctx, e, wait)
	case a.scheduled && e.tag == nil && len(a.in) < turnLength-1: // what acceptUnlock comes to then
		a.in = append(a.in, e)
		a.accepted++
		a.mu.Unlock()
	default:
		a.acceptUnlock(e)
	}
	return nil
}

// acceptUnlock accepts e. It needs mu and unlocks it.
func (a *actor[M]) acceptUnlock(e envelope[M]) {
	a.acceptLocked(e)
	start := !a.scheduled && a.phase == live
	a.scheduled = a.scheduled || start
	crowded := len(a.in) >= turnLength && len(a.in)%crowdTurn == 0
	a.mu.Unlock()
	if start {
		go a.turns()
	}
	if crowded {
		// Or else senders, who are many, fill the memory before the actor has its turn. More
		// than a few hundred messages do not fit into the caches either.
		runtime.Gosched()
	}
}

func (a *actor[M]) acceptLocked(e envelope[M]) {
	if e.tag != nil && e.tag.ask != nil {
		a.linkLocked(e.tag.ask)
	}
	if len(a.in) == cap(a.in) && a.config.capacity > 0 && 2*a.needExtraLocked().head > len(a.in) {
		a.in = slices.Delete(a.in, 0, a.extra.head)
		a.extra.head = 0
	}
	a.in = append(a.in, e)
	a.accepted++
}

func (a *actor[M]) sendSlow(ctx context.Context, e envelope[M], wait bool) error {
	wait = wait && a.config.whenFull == Block
	var w *waitq.Waiter[envelope[M]]
	for {
		explore.Point("actor: about to look for room")
		a.mu.Lock()
		if a.closed {
			a.mu.Unlock()
			return ErrStopped
		}
		x := a.needExtraLocked()
		switch {
		case x.count < a.config.capacity:
			x.count++
			a.acceptUnlock(e)
			return nil
		case a.config.whenFull == DropOldest:
			oldest := a.dropLocked()
			a.acceptUnlock(e)
			a.report(oldest, ErrDropped)
			return nil
		case !wait:
			a.mu.Unlock()
			return ErrFull
		case w == nil:
			a.mu.Unlock()
			if cycle := cycleTo(ctx, &a.cell, false); cycle != nil {
				return cycle
			}
			w = waitq.NewWaiter(ctx, e)
		default:
			x.senders.PushLocked(w)
			a.mu.Unlock()
			return x.senders.Wait(&a.mu, w, nil)
		}
	}
}

// dropLocked takes out the message that has waited for longest of those that count.
func (a *actor[M]) dropLocked() envelope[M] {
	for {
		e := a.popLocked()
		if e.tag == nil || !e.tag.own {
			a.extra.undelivered++
			if e.tag != nil && e.tag.ask != nil {
				a.settleLocked(e.tag.ask, ErrDropped)
			}
			return e
		}
		a.extra.first = append(a.extra.first, e)
		a.urgent.Store(true)
	}
}

// deliver puts a message of the actor's own into the mailbox, whatever its bound, if the
// incarnation still wants it.
func (a *actor[M]) deliver(m M, t *tag) bool {
	explore.Point("actor: about to deliver an own message")
	a.mu.Lock()
	if a.closed || a.phase != live && a.phase != starting || t.incarnation != a.numberLocked() || t.void.Load() {
		a.mu.Unlock()
		return false
	}
	a.acceptUnlock(envelope[M]{m, t})
	return true
}

// closeLocked fails those who wait to send.
func (a *actor[M]) closeLocked() {
	if a.extra != nil {
		a.extra.senders.FailAllLocked(ErrStopped)
	}
}

// admitLocked accepts what others wait to send, while there is room.
func (a *actor[M]) admitLocked() {
	x := a.extra
	for x.count < a.config.capacity {
		w := x.senders.FrontLocked()
		if w == nil {
			return
		}
		x.count++
		a.acceptLocked(w.Value)
		x.senders.GrantLocked(w)
	}
}
