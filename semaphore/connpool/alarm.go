package connpool

import (
	"time"
	"weak"
)

// alarm is the one timer of a pool. It is not stopped or set anew, but forgotten
// and followed by another one: a timer belongs to the testing/synctest bubble
// that it was made in, and may be lost with it.
type alarm struct {
	set   bool
	at    time.Duration
	round int // of the latest one; the others have nothing to do
}

// setAlarmLocked sees to it that the alarm rings at that time or before.
func (p *Pool[T]) setAlarmLocked(at time.Duration) {
	if at == forever || p.closed {
		return
	}
	if p.alarm.set && p.now <= p.alarm.at && p.alarm.at <= at {
		return
	}
	p.alarm = alarm{set: true, at: at, round: p.alarm.round + 1}
	round, self := p.alarm.round, weak.Make(p) // a timer keeps no pool alive
	time.AfterFunc(max(1, at-p.now), func() {
		if p := self.Value(); p != nil {
			p.ring(round)
		}
	})
}

// ring closes idle connections whose time has come, tells of loans that last too
// long, and dials if a back-off has ended.
func (p *Pool[T]) ring(round int) {
	p.mu.Lock()
	if round != p.alarm.round || p.closed {
		p.mu.Unlock()
		return
	}
	p.alarm.set = false
	p.readClockLocked()
	next := p.expireLocked()
	leaks, due := p.leaksLocked()
	p.setAlarmLocked(min(next, due))
	p.telling++
	p.serveLocked()
	p.mu.Unlock()
	for _, leak := range leaks {
		p.cfg.OnLeak(leak)
	}
	p.mu.Lock()
	p.telling--
	p.serveLocked()
	p.mu.Unlock()
}

// expireLocked closes the idle connections that are too old, and those that have
// been idle for too long, beginning with those that were used least recently. It
// returns when the next one is due.
func (p *Pool[T]) expireLocked() (next time.Duration) {
	next = forever
	kept := p.idle[:0]
	spare := len(p.idle) - p.cfg.MinIdle
	for _, e := range p.idle {
		switch {
		case p.now >= e.expires, p.now >= e.idleUntil && spare > 0:
			spare--
			e.state = busy
			go p.retire(e)
			continue
		case p.now < e.idleUntil:
			next = min(next, e.idleUntil)
		}
		next = min(next, e.expires)
		kept = append(kept, e)
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	return next
}

// readClockLocked brings now up to date. A clock that went back, as it does for
// a pool that enters a bubble, goes on from there: what was due in an hour still
// is.
func (p *Pool[T]) readClockLocked() {
	now := time.Since(p.base)
	if back := p.now - now; back > 0 {
		p.alarm.set = false
		p.retryAt -= back
		for _, e := range p.all {
			e.lentAt -= back
			for _, at := range []*time.Duration{&e.expires, &e.freshUntil, &e.idleUntil} {
				if *at != forever {
					*at -= back
				}
			}
		}
	}
	p.now = now
}
