package tokenbucket

import (
	"math"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// enterLocked follows the taking of mu: it bars the word and reads the clock.
// leave is what has to follow.
func (b *Bucket) enterLocked() {
	e := b.era.Load()
	unbarred := false
	if word := e.word.Swap(barred); word >= 0 {
		b.full, unbarred = wide{0, uint64(word)}, true
	}
	// The clock is read after the word was: if it says that more than everything is
	// missing, it went back, and not a call that read it earlier was late.
	ns := clock() - e.base
	if ns >= b.seen && uint64(ns) <= e.last {
		b.seen = ns
		b.now, b.begun = e.units(uint64(ns))
		if !unbarred || !b.nowLocked().plus(b.depthLocked()).less(b.full) {
			b.holdLocked()
			return
		}
	}
	b.restartLocked(e, ns)
	b.holdLocked()
}

// holdLocked sees to it that the tokens set aside are still missing.
func (b *Bucket) holdLocked() {
	if b.held > 0 {
		b.full = b.full.max(wide{0, b.now + b.begun}.plus(b.heldLocked()))
	}
}

func (b *Bucket) heldLocked() wide { return product(b.held, b.era.Load().token) }

// restartLocked begins an era at ns nanoseconds after the base of e, since the
// clock went back, or so far ahead that the units ran out of room. If it went
// back, what was missing when it was last looked at is still missing: nothing is
// gained, and what waits goes on from there.
func (b *Bucket) restartLocked(e *era, ns int64) {
	now := product(uint64(max(b.seen, ns)), e.mult).shifted(e.shift)
	b.full = b.full.minus(now)
	if b.claims.first == nil {
		b.full = b.full.min(b.depthLocked()) // what more can be missing
	}
	b.claims.move(func(at wide) wide { return at.minus(now) })
	b.beginLocked(newEra(e.scale, b.burst, e.base+ns))
}

// beginLocked replaces the era. The units that b has must be those of e.
func (b *Bucket) beginLocked(e *era) {
	b.era.Store(e)
	b.seen, b.now, b.begun = 0, 0, 0
}

// leave ends what enterLocked began and unlocks mu.
func (b *Bucket) leave() {
	b.leaveLocked()
	b.mu.Unlock()
}

// leaveLocked serves those whose turn it is and, if nobody else is concerned,
// unbars the word.
func (b *Bucket) leaveLocked() {
	b.serveLocked()
	e := b.era.Load()
	if b.claims.first == nil && b.full.less(wide{0, b.now + room + 1}) {
		e.word.Store(int64(b.full.lo))
		return
	}
	e.since.Store(b.seen)
	e.word.Store(barred | int64(b.full.min(wide{0, 2 * room}).lo))
}

// serveLocked grants what waits and is due, forgets what nobody can cancel any
// more, and sees to it that the timer is armed for the first that has to wait.
func (b *Bucket) serveLocked() {
	for c := b.frontLocked(); ; c = b.frontLocked() {
		if c == nil {
			b.disarmLocked()
			break
		}
		if wait := b.waitLocked(c.end); wait > 0 {
			b.armLocked(wait)
			break
		}
		b.settleLocked(c, nil)
		if c.all != nil {
			b.held += uint64(c.n)
		} else {
			b.claims.forget(c)
		}
	}
	for c := b.claims.first; c != nil && !c.waits && c.all == nil && !b.nowLocked().less(c.end); c = b.claims.first {
		b.claims.forget(c)
		b.freeLocked(c)
	}
}

func (b *Bucket) nowLocked() wide { return wide{0, b.now} }

func (b *Bucket) depthLocked() wide { return product(uint64(b.burst), b.era.Load().token) }

// waitLocked returns the time until the turn of what ends at end.
func (b *Bucket) waitLocked(end wide) time.Duration {
	limit := b.nowLocked().plus(b.depthLocked())
	if !limit.less(end) {
		return 0
	}
	e := b.era.Load()
	// The clock is somewhere between units: what counts is when it gets to one.
	due := e.nanoseconds(end.minus(b.depthLocked()))
	if due == far {
		return far
	}
	return due - time.Duration(b.seen)
}

// endLocked returns at which unit the bucket would be full if n tokens were taken.
func (b *Bucket) endLocked(n int) wide {
	start := b.full
	if !b.nowLocked().less(start) {
		start = wide{0, b.now + b.begun}
	}
	return start.plus(product(uint64(n), b.era.Load().token))
}

// takeLocked takes n tokens if they are there.
func (b *Bucket) takeLocked(n int) bool {
	if !b.couldTakeLocked(n) {
		return false
	}
	b.spendLocked(n)
	return true
}

// couldTakeLocked reports whether n tokens are there that nobody has a claim to.
func (b *Bucket) couldTakeLocked(n int) bool {
	switch e := b.era.Load(); {
	case e.token == 0:
		return true
	case n > b.burst:
		return false
	}
	// A full bucket has a burst, also between two units.
	return !b.nowLocked().less(b.full) || b.waitLocked(b.endLocked(n)) == 0
}

// spendLocked takes n tokens, whether or not they are there.
func (b *Bucket) spendLocked(n int) {
	end := b.endLocked(n)
	b.noteLocked(wide{0, b.now + b.begun})
	b.full = end
}

// armLocked sets the timer, unless only a SetRate can help.
func (b *Bucket) armLocked(wait time.Duration) {
	e := b.era.Load()
	if e.mult == 0 {
		b.disarmLocked()
		return
	}
	due := e.base + b.seen + int64(wait)
	switch {
	case b.timer == nil:
		b.timer = time.AfterFunc(wait, b.fired)
	case b.due != due:
		b.timer.Reset(wait)
	}
	b.due = due
}

// fire is what the timer does. If it runs late, after the timer was stopped or set
// anew, that does no harm: it looks at the clock and the claims as they are then.
func (b *Bucket) fire() {
	explore.Point("tokenbucket: timer fired")
	b.mu.Lock()
	b.due = math.MinInt64
	b.enterLocked()
	b.leave()
}

// disarmLocked stops the timer. It is not kept for later: a timer belongs to the
// synctest bubble it was made in, and the next waiter may be in another one.
func (b *Bucket) disarmLocked() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}
