package workerpool

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A task that waits for another one of its pool keeps a worker from it; if the tasks of
// all workers did that, they would wait for ever. So a task lends its worker to the one
// that it waits for, unless another worker has begun that. It runs on a goroutine of its
// own, so that it can call runtime.Goexit.

// await waits until pr is resolved or ctx ends, and reports whether pr is resolved.
func (pr *promise) await(ctx context.Context) bool {
	if pr.gate.IsOpen() {
		return true
	}
	return pr.help(ctx) && pr.gate.Wait(&pr.mu, ctx.Done())
}

// help has the task of pr run in place of the one that ctx was given to, if there is one,
// and if that of pr is queued. It returns false if ctx ended while it waited for those
// that pr follows.
func (pr *promise) help(ctx context.Context) bool {
	p := pr.pool
	c := p.within(ctx)
	if c == nil {
		return true
	}
	if link := pr.follows(); link != nil && !(link.to.await(ctx) && link.gate.Wait(&pr.mu, ctx.Done())) {
		return false
	}
	explore.Point("workerpool: about to lend")
	p.mu.Lock()
	p.runWithinUnlock(c, pr)
	return true
}

// runWithinUnlock has the task of pr, if it is queued, run in place of the one that c was
// given to, and returns when it has ended. It needs the mutex and unlocks it.
func (p *Pool) runWithinUnlock(c *taskContext, pr *promise) {
	t := c.taskLocked()
	switch {
	case t == nil || pr.job == nil:
		p.mu.Unlock()
	case t.lent:
		t.wants = append(t.wants, pr)
		p.mu.Unlock()
	default:
		p.lendUnlock(t, p.queue.remove(pr.job))
	}
}

// runNextUnlock runs the next queued task in place of the one that c was given to, and
// returns true when it has ended; or false if that cannot be done. It needs the mutex and
// unlocks it.
func (p *Pool) runNextUnlock(c *taskContext) bool {
	if p.queue.n > 0 {
		if t := c.taskLocked(); t != nil && !t.lent {
			p.lendUnlock(t, p.queue.pop())
			return true
		}
	}
	p.mu.Unlock()
	return false
}

// lendUnlock runs e, which was taken from the queue, in place of t, and returns when it has
// ended. It needs the mutex and unlocks it.
func (p *Pool) lendUnlock(t *task, e entry) {
	w := t.ctx.worker
	back := new(waitq.Gate)
	t.lent, t.back = true, back
	p.lent++
	p.running--
	c := &task{lender: t}
	unused := p.beginLocked(e, w, c)
	p.unlock()
	go func() {
		explore.Point("workerpool: errand started")
		w.movedTo(c)
		unused.halt()
		w.runErrands(c, w.callAndReport(c))
	}()
	back.Wait(&p.mu, nil)
}

// runErrands goes on after t, which ran in place of its lender and ended with err: with
// what else the lender waits for, or with the lender.
func (w *worker) runErrands(t *task, err error) {
	p := w.pool
	for {
		explore.Point("workerpool: errand done")
		p.mu.Lock()
		t.backLocked()
		lender, goroutine := t.lender, t.goroutine
		back := lender.back // the next one to lend makes another
		ended := p.endLocked(t, err)
		next := lender.wantedLocked()
		var unused *watch
		if next != nil {
			t = &task{lender: lender, goroutine: goroutine}
			unused = p.beginLocked(p.queue.remove(next), w, t)
		} else {
			lender.lent = false
			p.lent--
			p.running++
		}
		p.unlock()
		unused.halt()
		ended.resolve(err) // so that what follows it is queued when the lender looks for that
		if next == nil {
			p.mu.Lock()
			back.OpenLocked()
			p.mu.Unlock()
			return
		}
		err = w.callAndReport(t)
	}
}

// backLocked waits until the task, which has returned, has its worker back: a goroutine of
// it may have lent that.
func (t *task) backLocked() {
	for t.lent {
		p, back := t.ctx.worker.pool, t.back
		p.mu.Unlock()
		back.Wait(&p.mu, nil)
		p.mu.Lock()
	}
}

// wantedLocked returns a job that the task waits for and that is queued, or nil.
func (t *task) wantedLocked() *job {
	for len(t.wants) > 0 {
		pr := t.wants[0]
		t.wants = t.wants[1:]
		if pr.job != nil {
			return pr.job
		}
	}
	return nil
}
