package procpool

import (
	"context"
	"errors"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// run runs the tasks of b, as many of them by one worker as that can have, and
// returns when all are settled.
func (p *Pool) run(ctx context.Context, b batch) {
	p.runOn(ctx, b, p.submit(ctx, b.size()))
}

// runOn is what run does after the tasks have been submitted.
func (p *Pool) runOn(ctx context.Context, b batch, pl place) {
	size := b.size()
	if pl.refused != nil {
		for i := range size {
			b.fail(i, pl.refused)
		}
		return
	}
	for next := 0; next < size; {
		w, err := p.await(pl)
		if err != nil {
			next = p.unserved(b, next, err)
		} else {
			next = p.lend(ctx, b, next, w)
		}
		if next < size {
			pl = p.queue(ctx)
		}
	}
}

// lend has w run tasks of b, from next on, and returns the first that is not
// settled.
func (p *Pool) lend(ctx context.Context, b batch, next int, w *worker) int {
	to := b.size()
	if p.maxTasks > 0 {
		to = min(to, next+w.left)
	}
	explore.Point("procpool: about to run")
	until, fit := w.run(ctx, b, next, to, p.over)
	w.left -= until - next
	explore.Point("procpool: about to release")
	p.release(w, fit && (p.maxTasks == 0 || w.left > 0))
	return until
}

// A place is where a call stands: it has a worker, waits for one, or was refused.
type place struct {
	worker  *worker
	waiter  *waitq.Waiter[*worker]
	refused error
}

// submit counts n tasks as accepted, and queues for a worker.
func (p *Pool) submit(ctx context.Context, n int) place {
	if err := ctx.Err(); err != nil {
		return place{refused: err}
	}
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return place{refused: ErrClosed}
	case p.broken != nil:
		err := p.broken
		p.mu.Unlock()
		return place{refused: err}
	}
	p.counts.Submitted += int64(n)
	p.counts.Waiting += int64(n)
	return p.queueAndUnlock(ctx)
}

// queue takes a worker, for a task that was submitted, or a place in the queue.
func (p *Pool) queue(ctx context.Context) place {
	p.mu.Lock()
	return p.queueAndUnlock(ctx)
}

func (p *Pool) queueAndUnlock(ctx context.Context) place {
	// While somebody waits, no worker is idle.
	if w := p.popIdleLocked(); w != nil {
		p.beginLocked()
		p.mu.Unlock()
		return place{worker: w}
	}
	p.mu.Unlock()
	q := waitq.NewWaiter[*worker](ctx, nil)
	explore.Point("procpool: about to queue")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiters.PushLocked(q)
	p.serveLocked()
	return place{waiter: q}
}

// await blocks until there is a worker for the place, first come, first served. Then
// the task counts as running.
func (p *Pool) await(pl place) (*worker, error) {
	if pl.worker != nil {
		return pl.worker, nil
	}
	err := p.waiters.Wait(&p.mu, pl.waiter, p.serveLocked)
	return pl.waiter.Value, err
}

func (p *Pool) popIdleLocked() *worker {
	n := len(p.idle) - 1
	if n < 0 {
		return nil
	}
	w := p.idle[n]
	p.idle[n] = nil
	p.idle = p.idle[:n]
	w.lent = true
	return w
}

// unserved fails tasks of b, from next on, since acquire returned err. That is
// one if no worker could be started: the next one may find some. Otherwise all.
func (p *Pool) unserved(b batch, next int, err error) int {
	n, as := b.size()-next, cancelled
	var start *StartError
	if errors.As(err, &start) {
		as = failed
		if !errors.Is(err, ErrBroken) {
			n = 1
		}
	}
	p.mu.Lock()
	p.settleLocked(&p.counts.Waiting, n, as)
	p.windUpLocked()
	p.mu.Unlock()
	for i := range n {
		b.fail(next+i, err)
	}
	return next + n
}

// over counts a task that a worker has settled.
func (p *Pool) over(as outcome, goesOn bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settleLocked(&p.counts.Running, 1, as)
	if goesOn {
		p.beginLocked()
	}
	p.windUpLocked()
}

func (p *Pool) beginLocked() {
	p.counts.Waiting--
	p.counts.Running++
}

// serveLocked gives idle workers to those who wait, and starts workers for those
// who are left.
func (p *Pool) serveLocked() {
	for q := p.waiters.FrontLocked(); q != nil && len(p.idle) > 0; q = p.waiters.FrontLocked() {
		q.Value = p.popIdleLocked()
		p.beginLocked()
		p.waiters.GrantLocked(q)
	}
	if p.killed {
		p.waiters.FailAllLocked(ErrClosed)
	} else if p.broken != nil {
		p.waiters.FailAllLocked(p.broken)
	}
	for len(p.workers) < p.limit && p.starting < p.waiters.LenLocked() {
		p.growLocked()
	}
	p.windUpLocked()
}

// release takes back a worker that was lent.
func (p *Pool) release(w *worker, fit bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.lent = false
	switch {
	case w.gone:
		p.removeLocked(w)
	case fit:
		p.makeIdleLocked(w)
	default:
		w.end()
	}
}

// makeIdleLocked gives w to somebody who waits, or keeps it for later.
func (p *Pool) makeIdleLocked(w *worker) {
	w.since = time.Now()
	p.idle = append(p.idle, w)
	p.serveLocked()
	if n := len(p.idle); n > 0 {
		p.setAlarmLocked(p.idle[n-1])
	}
}
