package workerpool

import (
	"context"
	"fmt"

	"github.com/interleave-go/interleave/internal/explore"
)

// Resize sets the number of workers. If there are more, idle ones end now and others
// after their task. It panics if workers is below 1.
func (p *Pool) Resize(workers int) {
	if workers < 1 {
		panic(fmt.Sprintf("workerpool: Resize to %d workers", workers))
	}
	p.mu.Lock()
	p.limit = workers
	for p.alive-p.ending > workers && p.idle != nil {
		w := p.idle
		p.idle = w.below
		p.dismissLocked(w)
	}
	p.changedUnlock()
}

// Pause keeps workers from beginning tasks until [Pool.Resume], [Pool.Shutdown] or
// [Pool.Close]. Those that have begun go on, and so do tasks that they wait for.
func (p *Pool) Pause() {
	p.mu.Lock()
	p.paused = p.closing == nil
	p.mu.Unlock()
}

// Resume ends a [Pool.Pause].
func (p *Pool) Resume() {
	p.mu.Lock()
	p.paused = false
	p.changedUnlock()
}

// changedUnlock looks after those who can go on now. It needs the mutex and unlocks it.
func (p *Pool) changedUnlock() {
	if p.submitters.ParkedLocked() {
		p.admitLocked()
	}
	p.quietLocked()
	p.unlock()
}

// Shutdown has the pool accept no more tasks, and waits until those that it has accepted
// have ended, and so have the workers. Submissions that wait for room fail with
// [ErrClosed].
//
// If ctx ends, or has ended already, Shutdown returns ctx.Err(), and the pool goes on to
// shut down by itself. If a task of the pool calls Shutdown, that task is not waited for.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	p.closeLocked(ErrClosed)
	t := p.callerLocked()
	p.changedUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if t == nil {
		if !p.gone.Wait(&p.mu, ctx.Done()) {
			return ctx.Err()
		}
		return nil
	}
	for drain := true; drain && ctx.Err() == nil; {
		p.mu.Lock()
		drain = p.runNextUnlock(t.ctx)
	}
	if !p.leave(t.ctx.worker, ctx.Done()) {
		return ctx.Err()
	}
	return nil
}

// Close has the pool accept no more tasks, cancels those that it has accepted, and waits
// until those that have begun have ended, and so have the workers. The others are not
// called; they fail with [ErrClosed], as do submissions that wait for room. The cause of
// the end of the contexts is ErrClosed.
//
// If a task of the pool calls Close, that task is not waited for.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed.Store(true)
	p.closeLocked(ErrClosed)
	promises, unused := p.cancelAllLocked()
	var running []*taskContext
	var starting []context.CancelCauseFunc
	for w := p.workers.first; w != nil; w = w.next {
		if w.cancelInit != nil {
			starting = append(starting, w.cancelInit)
		}
		for t := w.task; t != nil; t = t.lender {
			running = append(running, t.ctx)
		}
	}
	t := p.callerLocked()
	p.changedUnlock()
	for _, w := range unused {
		w.halt()
	}
	for _, promise := range promises {
		promise.resolve(ErrClosed)
	}
	explore.Point("workerpool: about to cancel")
	for _, c := range running {
		if m := c.merged.Load(); m != nil {
			m.cancel(ErrClosed)
		}
	}
	for _, cancel := range starting {
		cancel(ErrClosed)
	}
	if t == nil {
		p.gone.Wait(&p.mu, nil)
	} else {
		p.leave(t.ctx.worker, nil)
	}
}

// closeLocked has the pool accept no more tasks.
func (p *Pool) closeLocked(why error) {
	if p.closing == nil {
		p.closing = why
	}
	p.paused = false
	for w := p.idle; w != nil; w = w.below {
		p.dismissLocked(w)
	}
	p.idle = nil
	p.stopReaperLocked()
}

// cancelAllLocked ends the queued tasks, and returns the promises of their results, and
// what is to be halted.
func (p *Pool) cancelAllLocked() (promises []*promise, unused []*watch) {
	for p.queue.n > 0 {
		p.cancelled++
		if j := p.queue.pop().job; j != nil {
			if j.promise != nil {
				promises = append(promises, j.promise)
			}
			unused = append(unused, p.forgetLocked(j))
		}
	}
	return promises, append(unused, p.watches.dropLocked())
}

// callerLocked returns the task that runs on the calling goroutine, or nil.
func (p *Pool) callerLocked() *task {
	id := goroutineID()
	for w := p.workers.first; w != nil; w = w.next {
		for t := w.task; t != nil; t = t.lender {
			if t.goroutine == id || t.lender == nil && w.goroutine == id {
				return t
			}
		}
	}
	return nil
}

// leave has a task of w wait for the others, and reports whether they have ended; or false
// if done is closed. Tasks do not wait for the workers of tasks that wait.
func (p *Pool) leave(w *worker, done <-chan struct{}) bool {
	p.mu.Lock()
	if w.leavers == 0 {
		p.leaving++
	}
	w.leavers++
	p.quietLocked()
	p.mu.Unlock()
	ended := p.quiet.Wait(&p.mu, done)
	p.mu.Lock()
	w.leavers--
	if w.leavers == 0 {
		p.leaving--
	}
	p.mu.Unlock()
	return ended
}

// quietLocked opens the gates of those who wait for the pool to end, if it has.
func (p *Pool) quietLocked() {
	if p.closing != nil && p.queue.n == 0 && p.alive == p.leaving {
		p.quiet.OpenLocked()
		if p.alive == 0 {
			p.gone.OpenLocked()
		}
	}
}
