package tokenbucket

import (
	"time"

	"github.com/interleave-go/interleave/internal/waitq"
)

// claim is what was taken before it was there, or can still be cancelled: by a
// call that waits, or by a reservation. Its tokens are missing from the moment at
// which it comes; its turn is when the bucket has made up for all but a burst.
type claim struct {
	waiter *waitq.Waiter[claim] // nil once granted, and of a reservation
	n      int
	kept   bool // its tokens are set aside when it is granted, until it is settled

	// Guarded by the bucket's mutex.
	prev, next *claim
	listed     bool
	end        wide // the unit at which the bucket would be full after it
	// slack is the least that was missing whenever something was taken after this
	// claim and before the next. See cancel.
	slack wide
}

// claims is a list in the order of arrival.
type claims struct{ first, last *claim }

func (l *claims) push(c *claim) {
	c.listed, c.slack, c.prev = true, endless, l.last
	if l.last == nil {
		l.first = c
	} else {
		l.last.next = c
	}
	l.last = c
}

// remove forgets c, which was taken for good.
func (l *claims) remove(c *claim) {
	if c.prev == nil {
		l.first = c.next
	} else {
		c.prev.next = c.next
		c.prev.slack = c.prev.slack.min(c.slack)
	}
	if c.next == nil {
		l.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next, c.listed = nil, nil, false
}

// cancel removes c, whose cost is given, and returns how many units fewer are
// missing now than if it had not been: what is left as if c had never been.
//
// That is not always its cost. If the bucket would have been full without c for
// some time before somebody else took from it, what grew in that time made up for
// c; without c it would have been lost. So the difference that c makes shrinks to
// what was missing when somebody took something.
func (l *claims) cancel(c *claim, cost wide) wide {
	for at := c; ; at = at.next {
		slack := at.slack
		at.slack = slack.minus(cost)
		cost = cost.min(slack)
		if at.next == nil {
			break
		}
		at.next.end = at.next.end.minus(cost)
	}
	l.remove(c)
	return cost
}

// move maps all units from one scale or base to another.
func (l *claims) move(units func(wide) wide) {
	for c := l.first; c != nil; c = c.next {
		c.end = units(c.end)
	}
}

// noteLocked is called before something is taken, or when the burst changes: what
// is missing by then is all that a cancel can make good.
func (b *Bucket) noteLocked() {
	if last := b.claims.last; last != nil {
		last.slack = last.slack.min(b.full.minus(b.nowLocked()).minus(b.heldLocked()))
	}
}

// claimLocked takes the tokens of c, whether or not they are there.
func (b *Bucket) claimLocked(c *claim) {
	b.spendLocked(c.n)
	c.end = b.full
	b.claims.push(c)
	if c.waiter != nil {
		b.waiting.PushLocked(c.waiter)
	}
}

// cancelLocked makes the bucket what it would be if c had never been.
func (b *Bucket) cancelLocked(c *claim) {
	if !c.listed {
		return
	}
	cost := product(uint64(c.n), b.era.Load().token)
	if c.kept && c.waiter == nil { // set aside, so nothing has made up for it
		b.held -= uint64(c.n)
		for later := c.next; later != nil; later = later.next {
			later.end = later.end.minus(cost)
		}
		b.claims.remove(c)
	} else {
		cost = b.claims.cancel(c, cost)
	}
	b.full = b.full.minus(cost)
}

// withdrawLocked is called when the waiter of c has left.
func (b *Bucket) withdrawLocked(c *claim) {
	b.enterLocked()
	b.cancelLocked(c)
	b.leaveLocked()
}

// sweepLocked cancels the claims of those who wait and whose contexts have ended,
// before they have woken and do so themselves.
func (b *Bucket) sweepLocked() {
	live := make(map[*claim]bool)
	for w := range b.waiting.AllLocked() {
		live[&w.Value] = true
	}
	for c := b.claims.first; c != nil; {
		next := c.next
		if c.waiter != nil && !live[c] {
			b.cancelLocked(c)
		}
		c = next
	}
}

// checkLocked returns why n tokens must not be waited for.
func (b *Bucket) checkLocked(n int, deadline time.Time, bounded bool) error {
	e := b.era.Load()
	if n > b.burst && e.token > 0 {
		return ErrTooLarge
	}
	if !bounded || e.mult == 0 {
		return nil
	}
	late := func() (time.Duration, bool) {
		wait := b.waitLocked(b.endLocked(n))
		return wait, wait > 0 && wait >= time.Until(deadline)
	}
	if _, too := late(); !too {
		return nil
	}
	b.sweepLocked()
	if wait, too := late(); too {
		return &DeadlineError{RetryAt: time.Now().Add(wait)}
	}
	return nil
}
