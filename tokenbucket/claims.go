package tokenbucket

import (
	"context"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// claim is what was taken before it was there, or can still be cancelled: by a
// call that waits, or by a reservation. Its tokens are missing from the moment at
// which it comes; its turn is when the bucket has made up for all but a burst.
//
// A call waits at the gate of its claim, TakeAll at one for all. Whether it is granted is decided under
// the mutex, as in waitq.Queue: only if its context is live, and then for good.
type claim struct {
	gate waitq.Gate      // opened when the call is granted or failed
	done <-chan struct{} // of the context of the call
	err  error           // why it was failed
	n    int
	all  *together // if not nil, its tokens are set aside until all are granted

	// Guarded by the bucket's mutex.
	waits      bool // neither granted nor failed nor cancelled
	listed     bool
	uses       uint64 // how often it was used again, for reservations to tell
	prev, next *claim // next also in Bucket.free
	end        wide   // the unit at which the bucket would be full after it
	// margin is what was missing when it was taken, and lift how long the bucket had
	// been full, in units. slack is the least that was missing whenever something
	// was taken after this claim and before the next. See cancel.
	margin, lift, slack wide
}

// live reports whether the context of the call has not ended. Polling the channel
// stands in for ctx.Err, which can be code of the user.
func (c *claim) live() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// spares is how many claims a bucket keeps to use again.
const spares = 32

// newClaimLocked returns a claim to n tokens, and freeLocked takes it back. That
// nobody else has one that was freed is seen to by the mutex, which whoever opens
// a gate holds until it is open.
func (b *Bucket) newClaimLocked(n int) *claim {
	c := b.free
	if c == nil {
		return &claim{n: n}
	}
	b.free, c.next, c.n = c.next, nil, n
	b.spare--
	return c
}

func (b *Bucket) freeLocked(c *claim) {
	// The channel of the gate goes: it belongs to the synctest bubble it was made in.
	*c = claim{uses: c.uses + 1}
	if b.spare < spares {
		b.spare++
		c.next, b.free = b.free, c
	}
}

// await waits until c, which is in the list, is granted or failed, or ctx ends.
func (b *Bucket) await(ctx context.Context, c *claim) error {
	c.gate.Wait(&b.mu, c.done)
	explore.Point("tokenbucket: about to leave")
	b.mu.Lock()
	settled, err := c.gate.IsOpen(), c.err
	if !settled {
		b.enterLocked()
		b.cancelLocked(c)
		b.leaveLocked()
	}
	b.freeLocked(c)
	b.mu.Unlock()
	if !settled {
		return ctx.Err()
	}
	return err
}

// settleLocked ends the wait of c, which is granted if err is nil.
func (b *Bucket) settleLocked(c *claim, err error) {
	b.claims.stopWaiting(c)
	if c.all != nil {
		c.all.settle(err)
		return
	}
	c.err = err
	c.gate.OpenLocked()
}

// frontLocked returns the first claim of those who wait, or nil. It cancels those
// before it whose contexts have ended.
func (b *Bucket) frontLocked() *claim {
	for c := b.claims.front; c != nil; c = b.claims.front {
		switch {
		case !c.waits:
			b.claims.front = c.next
		case !c.live():
			b.cancelLocked(c)
		default:
			return c
		}
	}
	return nil
}

// noteLocked is called before something is taken, or when the burst changes, as of
// the unit at: what is missing by then is all that a cancel can make good.
func (b *Bucket) noteLocked(at wide) {
	if last := b.claims.last; last != nil {
		last.slack = last.slack.min(b.full.minus(at).minus(b.heldLocked()))
	}
}

// claimLocked takes the tokens of c, whether or not they are there.
func (b *Bucket) claimLocked(c *claim) {
	at := wide{0, b.now + b.begun}
	c.margin, c.lift = b.full.minus(at).minus(b.heldLocked()), at.minus(b.full)
	b.full = b.endLocked(c.n)
	c.end = b.full
	b.claims.push(c)
}

// cancelLocked makes the bucket what it would be if c had never been.
func (b *Bucket) cancelLocked(c *claim) {
	if !c.listed {
		return
	}
	cost := product(uint64(c.n), b.era.Load().token)
	if c.all != nil && !c.waits { // set aside, so nothing has made up for it
		b.held -= uint64(c.n)
		for later := c.next; later != nil; later = later.next {
			later.end = later.end.minus(cost)
		}
		b.claims.remove(c)
	} else {
		cost = b.claims.cancel(c, cost.plus(c.lift))
	}
	b.full = b.full.minus(cost)
}

// sweepLocked cancels the claims of those who wait and whose contexts have ended,
// before they have woken and do so themselves.
func (b *Bucket) sweepLocked() {
	for c := b.claims.first; c != nil; {
		next := c.next
		if c.waits && !c.live() {
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
