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
	context Context[M]
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
	turnLength = 256            // messages until others get their turn
	keep       = 2 * turnLength // messages that there is room for in the mailbox of an actor that rests
)

func (a *actor[M]) needExtraLocked() *extra[M] {
	if a.extra == nil {
		a.extra = new(extra[M])
	}
	return a.extra
}

// send puts e into the mailbox. It waits for room, if it is to, until ctx ends.
func (a *actor[M]) send(ctx context.Context, e envelope[M], wait bool) error {
	a.mu.Lock()
	if a.closed || a.config.capacity > 0 {
		a.mu.Unlock()
		return a.sendSlow(ctx, e, wait)
	}
	a.acceptUnlock(e)
	return nil
}

// acceptUnlock accepts e. It needs mu and unlocks it.
func (a *actor[M]) acceptUnlock(e envelope[M]) {
	a.acceptLocked(e)
	start := !a.scheduled && a.phase == live
	a.scheduled = a.scheduled || start
	crowded := len(a.in)%turnLength == 0
	a.mu.Unlock()
	if start {
		go a.turns()
	}
	if crowded {
		runtime.Gosched() // or else a fast sender fills the memory before the actor has its turn
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

// hasMailLocked reports whether there are messages.
func (a *actor[M]) hasMailLocked() bool {
	if a.extra != nil && len(a.extra.first) > 0 || len(a.in) > 0 || a.next < len(a.out) {
		return true
	}
	if cap(a.in) > keep || cap(a.out) > keep {
		a.in, a.out, a.next = nil, nil, 0
	}
	return false
}

// take takes the message whose turn it is. It returns false if there is none, or something
// is to be done first.
func (a *actor[M]) take(e *envelope[M]) bool {
	for {
		if a.next < len(a.out) && !a.urgent.Load() {
			*e = a.out[a.next]
			a.out[a.next] = envelope[M]{}
			a.next++
		} else if explore.Point("actor: about to take"); !a.takeSlow(e) {
			return false
		}
		if e.tag != nil {
			if !a.wants(e) {
				continue
			}
			a.current.Store(e.tag)
		} else if a.current.Load() != nil {
			a.current.Store(nil)
		}
		return true
	}
}

func (a *actor[M]) takeSlow(e *envelope[M]) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.orders&^stop != 0 {
		return false
	}
	x := a.extra
	a.urgent.Store(x != nil && len(x.first) > 1)
	switch {
	case x != nil && len(x.first) > 0:
		*e = x.first[0]
		x.first[0] = envelope[M]{}
		if x.first = x.first[1:]; len(x.first) == 0 {
			x.first = nil
		}
		return true
	case a.next < len(a.out):
	case len(a.in) == 0:
		return false
	case a.config.capacity > 0:
		*e = a.popLocked()
		if e.tag == nil || !e.tag.own {
			a.extra.count--
			a.admitLocked()
		}
		return true
	default:
		a.in, a.out, a.next = a.out[:0], a.in, 0
	}
	*e = a.out[a.next]
	a.out[a.next] = envelope[M]{}
	a.next++
	return true
}

// popLocked takes the first message out of a bounded mailbox.
func (a *actor[M]) popLocked() envelope[M] {
	x := a.needExtraLocked()
	e := a.in[x.head]
	a.in[x.head] = envelope[M]{}
	if x.head++; x.head == len(a.in) {
		a.in, x.head = a.in[:0], 0
	}
	return e
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

// wants reports whether e, which has a tag and was taken, is to be handled.
func (a *actor[M]) wants(e *envelope[M]) bool {
	switch t := e.tag; {
	case t.own:
		t.waiting.Store(false)
		a.mu.Lock()
		defer a.mu.Unlock()
		if !t.void.Load() && t.incarnation == a.numberLocked() {
			return true
		}
		a.accepted--
		return false
	case t.ask != nil && t.ask.withdrawn():
		a.mu.Lock()
		a.needExtraLocked().undelivered++
		a.mu.Unlock()
		a.report(*e, t.ask.err)
		return false
	case t.ask != nil:
		t.ask.taken = true
	}
	return true
}

// report tells of a message that reaches nobody.
func (a *actor[M]) report(e envelope[M], reason error) {
	if a.config.onUndelivered != nil {
		a.config.onUndelivered(Undelivered{To: &a.ref, Message: e.message, Reason: reason})
	}
}

// discard reports all that is in the mailbox.
func (a *actor[M]) discard() {
	a.mu.Lock()
	x := a.needExtraLocked()
	rest := slices.Concat(x.first, x.stash, a.out[a.next:], a.in[x.head:])
	a.in, a.out, a.next = nil, nil, 0
	x.first, x.stash, x.head, x.count = nil, nil, 0, 0
	reported := rest[:0]
	for _, e := range rest {
		switch {
		case e.tag != nil && e.tag.own:
			a.accepted--
		default:
			x.undelivered++
			reported = append(reported, e)
		}
	}
	a.mu.Unlock()
	for _, e := range reported {
		reason := ErrStopped
		if e.tag != nil && e.tag.ask != nil && e.tag.ask.withdrawn() {
			reason = e.tag.ask.err
		}
		a.report(e, reason)
	}
}
