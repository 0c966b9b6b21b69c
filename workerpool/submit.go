package workerpool

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A submission is a task on its way to the queue.
type submission struct {
	ctx      context.Context
	done     <-chan struct{} // that of ctx
	run      func(context.Context) error
	promise  *promise // of the result, or nil
	priority int
	whenFull Policy

	arm, unused *watch // to be armed and to be halted once it is queued
}

// submit submits a task.
func (p *Pool) submit(s submission, opts []TaskOption) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.done = s.ctx.Done()
	if len(opts) == 0 {
		p.mu.Lock()
		if p.closing == nil && !p.fullLocked() {
			p.enqueueUnlock(&s)
			return nil
		}
		p.mu.Unlock()
	}
	slow := s // in memory, which s is not
	for _, opt := range opts {
		opt(&slow)
	}
	return p.submitSlow(&slow)
}

// enqueueLocked queues the task.
func (p *Pool) enqueueLocked(s *submission) {
	p.submitted++
	e := entry{ctx: s.ctx, run: s.run}
	if s.promise != nil || s.priority != 0 || s.done != nil {
		j := p.queue.job()
		e.job = j
		j.promise, j.priority = s.promise, s.priority
		if s.promise != nil {
			s.promise.job = j
		}
		if s.done != nil {
			s.arm, s.unused = p.watches.addLocked(j, s.done)
		}
	}
	p.queue.push(e)
}

// enqueueUnlock queues the task. It needs the mutex and unlocks it.
func (p *Pool) enqueueUnlock(s *submission) {
	p.enqueueLocked(s)
	p.unlock()
	p.watch(s)
}

// watch has the context of the task, which was queued, watched.
func (p *Pool) watch(s *submission) {
	explore.Point("workerpool: queued")
	s.unused.halt()
	if s.arm != nil {
		p.arm(s.arm, s.ctx)
	}
}

// submitSlow submits a task to a pool that had no room for it a moment ago.
func (p *Pool) submitSlow(s *submission) error {
	within := p.within(s.ctx)
	for {
		explore.Point("workerpool: about to look for room")
		p.mu.Lock()
		switch {
		case p.closing != nil && (s.whenFull != always || p.closed.Load() || p.closing != ErrClosed || p.gone.IsOpen()):
			err := p.closing
			p.mu.Unlock()
			return err
		case s.whenFull == always || !p.fullLocked() || s.whenFull == Block && p.queue.n == 0 && within.taskLocked() != nil:
			p.enqueueUnlock(s)
			return nil
		case s.whenFull == Reject:
			p.mu.Unlock()
			return ErrFull
		case s.whenFull == CallerRuns:
			p.mu.Unlock()
			p.runHere(s)
			return nil
		}
		// A task that submits another one makes room itself. It needs none in an empty queue
		// of capacity 0, since it can lend its worker.
		switch t := within.taskLocked(); {
		case t == nil:
			p.mu.Unlock()
			return p.waitForRoom(s)
		case t.lent: // by another goroutine of it, which may wait for nothing else afterwards
			back := t.back
			p.mu.Unlock()
			back.Wait(&p.mu, s.done)
		default:
			p.lendUnlock(t, p.queue.pop())
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
}

// waitForRoom submits a task once there is room.
func (p *Pool) waitForRoom(s *submission) error {
	w := waitq.NewWaiter(s.ctx, s)
	p.mu.Lock()
	p.submitters.PushLocked(w)
	p.admitLocked()
	p.unlock()
	err := p.submitters.Wait((*admission)(p), w, p.admitLocked)
	if err == nil {
		p.watch(s)
	}
	return err
}

// admission is the mutex of the pool for those who may queue tasks while they hold it.
type admission Pool

func (a *admission) Lock()   { a.mu.Lock() }
func (a *admission) Unlock() { (*Pool)(a).unlock() }

// admitLocked queues tasks whose submitters wait, while there is room.
func (p *Pool) admitLocked() {
	p.submitters.ServeLocked(
		func(*waitq.Waiter[*submission]) bool { return p.closing != nil || !p.fullLocked() },
		func(w *waitq.Waiter[*submission]) error {
			if p.closing != nil {
				return p.closing
			}
			p.enqueueLocked(w.Value)
			return nil
		})
}

// runHere runs a task on the goroutine of its submitter.
func (p *Pool) runHere(s *submission) {
	err := ErrGoexit // what it is unless it returns or panics
	c := &taskContext{origin: &origin{worker: &worker{pool: p}, parent: s.ctx, foreign: true}}
	c.worker.task = &task{ctx: c}
	p.mu.Lock()
	p.workers.add(c.worker) // for Close
	p.mu.Unlock()
	defer func() {
		if value := recover(); value != nil {
			err = panics.New(value)
		}
		c.end()
		if err != nil && s.promise == nil && p.onError != nil {
			defer p.onError(err)
		}
		p.mu.Lock()
		p.workers.remove(c.worker)
		p.submitted++
		if err == nil {
			p.done++
		} else {
			p.failed++
		}
		p.mu.Unlock()
		s.promise.resolve(err)
	}()
	err = s.run(c)
}
