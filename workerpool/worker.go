package workerpool

import (
	"context"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A worker runs one task after the other. It is a goroutine, together with what
// [WorkerState] has made for it; if a task calls runtime.Goexit, another goroutine takes
// over.
type worker struct {
	pool     *Pool
	contexts []taskContext // for tasks to come
	origins  []origin      // of those
	origin   *origin       // of the context that was made last, or nil
	state    any           // see WorkerState
	hasState bool

	goroutine int // that it is

	// Guarded by the mutex of the pool.
	task       *task // that it runs, nil if none
	usual      task  // memory for one that no other one lends the worker to
	ran        int   // tasks that have begun
	prev, next *worker
	cancelInit context.CancelCauseFunc // nil unless its state is to be made

	gate    waitq.Gate    // opened when the worker, which is idle, is to look for tasks or to end
	below   *worker       // in the stack of idle ones
	since   time.Duration // when it became idle, after epoch
	ending  bool
	leavers int // tasks of it that wait for the end of the pool
}

// epoch is what idle times are measured from: cheaper than time.Now.
var epoch = time.Now()

// work is the life of a worker, from the time that it was asked to come.
func (p *Pool) work(w *worker) {
	explore.Point("workerpool: worker started")
	if p.state != nil && !w.initialize() {
		return
	}
	p.mu.Lock()
	p.searching = false
	w.goroutine = goroutineID()
	p.mu.Unlock()
	w.loop(nil, nil)
}

// loop runs tasks until the worker is to end. If t is not nil it is a task that the
// worker has run before, and that ended with err.
func (w *worker) loop(t *task, err error) {
	p := w.pool
	for {
		var ended *promise
		p.mu.Lock()
		if t != nil {
			t.backLocked()
			ended = p.endLocked(t, err)
		}
		if p.queue.n == 0 || p.paused || w.mustEndLocked() {
			if t == nil {
				if !w.restUnlock() {
					return
				}
				continue
			}
			t = nil
			p.unlock()
			ended.resolve(err)
			continue
		}
		t = &w.usual
		unused := p.beginLocked(p.queue.pop(), w, t)
		p.unlock()
		unused.halt()
		ended.resolve(err)
		err = w.callAndReport(t)
	}
}

// callAndReport calls the function of t, and tells OnError if it fails. If either ends its
// goroutine by runtime.Goexit, it does not return, but has another one go on.
func (w *worker) callAndReport(t *task) error {
	explore.Point("workerpool: about to call")
	err := w.call(t)
	explore.Point("workerpool: task returned")
	if err != nil {
		w.report(t, err)
	}
	return err
}

// mustEndLocked reports whether the worker is to run no more tasks.
func (w *worker) mustEndLocked() bool {
	p := w.pool
	return w.ending || p.alive-p.ending > p.limit || p.retireAfter > 0 && w.ran >= p.retireAfter
}

// beginLocked has w begin as t the task e, which was taken from the queue. What it
// returns is to be halted.
func (p *Pool) beginLocked(e entry, w *worker, t *task) (unused *watch) {
	t.ctx, t.run = w.newContextLocked(e.ctx), e.run
	if e.job != nil {
		t.promise = e.job.promise
		unused = p.forgetLocked(e.job)
	}
	w.task = t
	w.ran++
	p.running++
	if p.submitters.ParkedLocked() {
		p.admitLocked()
	}
	return unused
}

// endLocked ends t, the task that its worker has run, and returns the promise of its
// result, which is to be resolved.
func (p *Pool) endLocked(t *task, err error) *promise {
	p.running--
	switch {
	case t.skipped:
		p.cancelled++
	case err == nil:
		p.done++
	default:
		p.failed++
	}
	promise := t.promise
	t.ctx.worker.task = t.lender
	*t = task{}
	if p.submitters.ParkedLocked() {
		p.admitLocked()
	}
	return promise
}

func (w *worker) call(t *task) (err error) {
	if err := t.ctx.parent.Err(); err != nil {
		t.skipped = true // its context has ended, but the watch has yet to come
		t.ctx.end()
		return err
	}
	returned := false
	defer func() {
		if !returned {
			if value := recover(); value != nil {
				err = panics.New(value)
			} else {
				defer w.takeOver(t, ErrGoexit)
			}
		}
		t.ctx.end()
	}()
	err = t.run(t.ctx)
	returned = true
	return err
}

func (w *worker) report(t *task, err error) {
	if t.promise != nil || w.pool.onError == nil || t.reported || t.skipped {
		return
	}
	t.reported = true
	returned := false
	defer func() {
		if !returned { // it called runtime.Goexit; if it panicked, the program ends
			w.takeOver(t, err)
		}
	}()
	w.pool.onError(err)
	returned = true
}

// movedTo notes that t runs, or that what follows it will run, on the calling goroutine.
func (w *worker) movedTo(t *task) {
	id := goroutineID()
	w.pool.mu.Lock()
	if t.lender != nil {
		t.goroutine = id
	} else {
		w.goroutine = id
	}
	w.pool.mu.Unlock()
}

// takeOver has another goroutine go on after t, which failed with err.
func (w *worker) takeOver(t *task, err error) {
	go func() {
		explore.Point("workerpool: taken over")
		w.movedTo(t)
		w.report(t, err)
		if t.lender != nil {
			w.runErrands(t, err)
		} else {
			w.loop(t, err)
		}
	}()
}
