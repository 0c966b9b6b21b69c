package connpool

import (
	"context"

	"github.com/interleave-go/interleave/internal/waitq"
)

// serveLocked does what there is to do after a change: lends idle connections to
// those who wait, and dials for those for whom there is none, and for MinIdle.
// In a pool that was closed it closes what is idle and tells those who wait.
func (p *Pool[T]) serveLocked() {
	p.barLocked()
	defer p.unbarLocked()
	p.readClockLocked()
	if p.closed {
		p.waiting.FailAllLocked(ErrClosed)
		for len(p.idle) > 0 {
			go p.retire(p.popLocked())
		}
		if p.quietLocked() {
			p.closers.GrantAllLocked()
		}
		return
	}
	for w := p.waiting.FrontLocked(); w != nil && len(p.idle) > 0; w = p.waiting.FrontLocked() {
		toCheck := p.now >= p.idle[len(p.idle)-1].freshUntil
		if toCheck && len(p.jobs) >= p.waiting.LenLocked() {
			break // one check for each is enough
		}
		switch e := p.popLocked(); {
		case !toCheck:
			p.grantLocked(w, e)
		case p.now < e.expires:
			p.startLocked(w.Value.ctx, e)
		default:
			go p.retire(e)
		}
	}
	for p.wantsDialLocked() {
		p.open++
		p.startLocked(p.nextInNeedLocked(), nil)
	}
	if p.now < p.retryAt && p.neededLocked() > len(p.jobs) {
		p.setAlarmLocked(p.retryAt)
	}
}

// quietLocked reports whether nothing is open and nobody is at work for the pool.
func (p *Pool[T]) quietLocked() bool { return p.open == 0 && p.telling == 0 }

// wantsDialLocked reports whether a connection should and can be dialled.
func (p *Pool[T]) wantsDialLocked() bool {
	return len(p.jobs) < p.neededLocked() && p.open < p.max && p.now >= p.retryAt &&
		(p.cfg.MaxDials == 0 || len(p.jobs) < p.cfg.MaxDials)
}

func (p *Pool[T]) neededLocked() int {
	return p.waiting.LenLocked() + max(0, p.cfg.MinIdle-len(p.idle))
}

// nextInNeedLocked returns the context of the first call that waits and for
// which no job runs yet.
func (p *Pool[T]) nextInNeedLocked() context.Context {
	served := len(p.jobs)
	for w := range p.waiting.AllLocked() {
		if served == 0 {
			return w.Value.ctx
		}
		served--
	}
	return context.Background()
}

func (p *Pool[T]) grantLocked(w *waitq.Waiter[*request[T]], e *entry[T]) {
	w.Value.conn = p.lendLocked(e, w.Value.stack)
	p.waiting.GrantLocked(w)
}

// barLocked makes all that is idle visible in idle.
func (p *Pool[T]) barLocked() {
	p.barred.Store(true) // first: a Release that did not see it is seen here
	if e := p.hot.Swap(nil); e != nil {
		e.state = idle
		p.idle = append(p.idle, e)
	}
}

func (p *Pool[T]) unbarLocked() {
	if concerned := p.timed || p.cfg.MinIdle > 0 || p.closed || p.open > p.max ||
		p.waiting.LenLocked() > 0; !concerned {
		p.barred.Store(false)
	}
}
