package connpool

import (
	"context"
	"errors"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// ErrGoexit is the error of a dial that ended its goroutine with
// runtime.Goexit, as testing.T.FailNow does.
var ErrGoexit = errors.New("connpool: dial called runtime.Goexit")

// PanicError is the error of a dial that panicked. It carries the value and the
// stack.
type PanicError = panics.PanicError

// job is a dial or a check that runs.
type job struct{ cancel context.CancelFunc }

// startLocked checks e, or dials if e is nil, in the background, with the values
// of ctx but not its end.
func (p *Pool[T]) startLocked(ctx context.Context, e *entry[T]) {
	j := &job{}
	p.jobs[j] = struct{}{}
	go p.run(ctx, j, e)
}

func (p *Pool[T]) run(ctx context.Context, j *job, e *entry[T]) {
	explore.Point("connpool: a dial or check begins")
	// Not by startLocked: a context can be code of the user.
	ctx = context.WithoutCancel(ctx)
	var cancel context.CancelFunc
	if p.cfg.DialTimeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, p.cfg.DialTimeout)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	defer cancel()
	p.mu.Lock()
	j.cancel = cancel
	closed := p.closed
	p.mu.Unlock()
	if closed {
		cancel()
	}

	var v T
	err := ErrGoexit // what it is unless the call below returns or panics
	defer func() {
		if value := recover(); value != nil {
			err = panics.New(value)
		}
		explore.Point("connpool: dialled or checked")
		if e != nil {
			p.finishCheck(j, e, err == nil)
		} else {
			p.finishDial(j, v, err)
		}
	}()
	if e != nil {
		err = p.cfg.Check(ctx, e.value)
	} else {
		v, err = p.dial(ctx)
	}
}

func (p *Pool[T]) finishCheck(j *job, e *entry[T], ok bool) {
	p.mu.Lock()
	delete(p.jobs, j)
	ok = ok && p.returnLocked(e)
	if ok {
		p.serveLocked()
	}
	p.mu.Unlock()
	if !ok {
		p.retire(e)
	}
}

func (p *Pool[T]) finishDial(j *job, v T, err error) {
	if err != nil && p.cfg.OnDialError != nil {
		p.cfg.OnDialError(err)
	}
	p.mu.Lock()
	p.readClockLocked()
	delete(p.jobs, j)
	if err == nil {
		p.counts.dials++
		p.failures, p.retryAt = 0, p.now
		e := p.addLocked(v)
		ok := p.returnLocked(e)
		p.serveLocked()
		p.mu.Unlock()
		if !ok {
			p.retire(e)
		}
		return
	}
	p.open--
	p.counts.failedDials++
	p.failures++
	p.retryAt = p.now + p.backoff()
	// The one who has waited for longest learns of it. The others wait for the
	// next dial, so that a caller can tell one failure from an outage.
	if w := p.waiting.FrontLocked(); w != nil {
		p.waiting.SettleLocked(w, err)
	}
	p.serveLocked()
	p.mu.Unlock()
}

// backoff returns how long to wait after so many failures.
func (p *Pool[T]) backoff() time.Duration {
	d := p.cfg.MinBackoff
	for range p.failures - 1 {
		if d >= p.cfg.MaxBackoff/2 {
			return p.cfg.MaxBackoff
		}
		d *= 2
	}
	return min(d, p.cfg.MaxBackoff)
}
