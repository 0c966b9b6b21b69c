package procpool

import (
	"context"
	"errors"

	"github.com/interleave-go/interleave/internal/explore"
)

// Shutdown ends the pool: new tasks get [ErrClosed], those that were accepted are
// run, and then the workers exit. It blocks until no process and no goroutine of
// the pool is left, or returns ctx.Err() once ctx has ended; the pool goes on
// ending then, and [Pool.Close] speeds it up.
func (p *Pool) Shutdown(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.close(false)
	if p.empty.Wait(&p.mu, ctx.Done()) {
		return nil
	}
	return ctx.Err()
}

// Close ends the pool at once: it kills the workers. Tasks that wait get
// [ErrClosed], those that run a [CrashError] that matches it. Close blocks until
// no process and no goroutine of the pool is left. Closing again does nothing.
func (p *Pool) Close() {
	p.close(true)
	p.empty.Wait(&p.mu, nil)
}

func (p *Pool) close(kill bool) {
	explore.Point("procpool: about to close")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.alarm.round++ // the timer has nothing left to do
	if kill && !p.killed {
		p.killed = true
		for w := range p.workers {
			w.kill(ErrClosed)
		}
	}
	p.serveLocked()
}

// windUpLocked ends what a closed pool has no more use for, and lets Shutdown and
// Close return if nothing is left.
func (p *Pool) windUpLocked() {
	if !p.closed || p.waiters.LenLocked() > 0 {
		return
	}
	for _, w := range p.idle {
		w.end()
	}
	p.idle = nil
	if p.counts.Waiting == 0 && p.counts.Running == 0 && len(p.workers) == 0 {
		p.empty.OpenLocked()
	}
}

// isClosed reports whether err says that a pool takes or runs no more tasks.
func isClosed(err error) bool { return errors.Is(err, ErrClosed) || errors.Is(err, ErrBroken) }
