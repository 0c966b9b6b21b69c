package tokenbucket

import "time"

// Reservation is a place in the order of those who take tokens. It is a value:
// copies stand for the same place. The zero Reservation is not OK.
type Reservation struct {
	b  *Bucket
	c  *claim
	at time.Time
	ok bool
	// uses is that of c while c is for this reservation.
	uses uint64
}

// Reserve takes n tokens, behind all that wait or were reserved before, and
// returns when they are there: the caller must not act earlier. It never blocks.
//
// A Reservation that is not OK has taken nothing: n exceeds the burst, or the rate
// is zero and the tokens are not there. It panics if n is negative.
//
// Until the bucket can have made up for the tokens, which is the time for a burst
// after they are there, the reservation can be cancelled, and who takes tokens takes
// a mutex, so that a cancel can be exact.
func (b *Bucket) Reserve(n int) Reservation {
	checkTokens(n)
	b.mu.Lock()
	defer b.leave()
	b.enterLocked()
	e := b.era.Load()
	if e.token == 0 {
		return Reservation{at: time.Now(), ok: true}
	}
	var wait time.Duration
	if !b.couldTakeLocked(n) {
		wait = b.waitLocked(b.endLocked(n))
	}
	if n > b.burst || wait > 0 && e.mult == 0 {
		return Reservation{}
	}
	c := b.newClaimLocked(n)
	b.claimLocked(c)
	if wait == 0 { // of a full bucket, it would be a unit more than a burst
		c.end = c.end.min(b.nowLocked().plus(b.depthLocked()))
	}
	return Reservation{b: b, c: c, uses: c.uses, at: time.Now().Add(wait), ok: true}
}

// OK reports whether the tokens were taken.
func (r Reservation) OK() bool { return r.ok }

// At returns when the caller may act. SetRate and cancels of others do not change
// that.
func (r Reservation) At() time.Time { return r.at }

// Delay returns how long the caller must wait from now on, zero if it need not.
func (r Reservation) Delay() time.Duration { return max(0, time.Until(r.at)) }

// Cancel says that the caller does not act. It makes the bucket what it would be
// if the reservation had never been made and everything else had happened as it
// did, so that the order in which reservations are cancelled makes no difference;
// calls that wait behind it are served earlier. It does nothing if that was done,
// by this Reservation or a copy of it, or if the bucket has made up for it.
func (r Reservation) Cancel() {
	if r.c == nil {
		return
	}
	r.b.mu.Lock()
	r.b.enterLocked()
	r.b.serveLocked() // forgets it if it is too late
	if r.c.uses == r.uses {
		r.b.cancelLocked(r.c)
		r.b.freeLocked(r.c)
	}
	r.b.leave()
}
