package actor

import (
	"slices"

	"github.com/interleave-go/interleave/internal/explore"
)

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

// wants reports whether e, which has a tag and was taken, is to be handled.
func (a *actor[M]) wants(e *envelope[M]) bool {
	switch t := e.tag; {
	case t.own:
		t.waiting.Store(false)
		a.mu.Lock()
		defer a.mu.Unlock()
		if !t.void.Load() && t.incarnation == a.numberLocked() {
			a.needMoreLocked().idle++
			return true
		}
		a.accepted--
		return false
	case t.ask != nil && t.ask.withdrawn():
		a.mu.Lock()
		a.needExtraLocked().undelivered++
		a.mu.Unlock()
		a.report(*e, ErrStopped)
		return false
	case t.ask != nil:
		t.ask.taken = true
	}
	return true
}

// report tells of a message that reaches nobody: because of reason, or because who has asked
// does not wait any more.
func (a *actor[M]) report(e envelope[M], reason error) {
	if a.config.onUndelivered == nil {
		return
	}
	if e.tag != nil && e.tag.ask != nil && e.tag.ask.withdrawn() {
		reason = e.tag.ask.err
	}
	a.config.onUndelivered(Undelivered{To: &a.ref, Message: e.message, Reason: reason})
}

// discard reports all that is in the mailbox. If the hook calls runtime.Goexit, the next call
// goes on with the rest.
func (a *actor[M]) discard() {
	a.mu.Lock()
	x := a.needExtraLocked()
	x.first = slices.Concat(x.first, x.stash, a.out[a.next:], a.in[x.head:])
	a.in, a.out, a.next = nil, nil, 0
	x.stash, x.head, x.count = nil, 0, 0
	for len(x.first) > 0 {
		e := x.first[0]
		x.first = x.first[1:]
		if e.tag != nil && e.tag.own {
			a.accepted--
			continue
		}
		x.undelivered++
		a.mu.Unlock()
		a.report(e, ErrStopped)
		a.mu.Lock()
	}
	x.first = nil
	a.mu.Unlock()
}
