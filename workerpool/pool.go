package workerpool

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/internal/waitq"
)

var (
	// ErrClosed is returned by submissions to a pool that was shut down or closed, and
	// is the error of tasks that Close kept from running.
	ErrClosed = errors.New("workerpool: closed")
	// ErrFull is returned by submissions to a pool whose queue is full and that does
	// not wait; see [WhenFull].
	ErrFull = errors.New("workerpool: full")
	// ErrGoexit is the error of a task that ended its goroutine with runtime.Goexit, as
	// testing.T.FailNow does.
	ErrGoexit = errors.New("workerpool: task called runtime.Goexit")
)

// PanicError is the error of a task that panicked. It carries the value and the stack
// of the goroutine.
type PanicError = panics.PanicError

// A Pool runs tasks on a limited number of workers. Create one with [New].
//
// Invariants, whenever mu is free:
//   - If tasks are queued, then a worker is on its way to them (searching), or as many
//     workers as there may be run tasks, or the pool is paused.
//   - submitted = queued + lent + running + done + failed + cancelled.
//   - running is at most alive, and alive at most limit unless that was just lowered.
//   - A submitter waits only while the queue is full, unless one before it was called
//     and has yet to run.
type Pool struct {
	config

	mu         waitq.Mutex // guards the fields below, the tasks and the workers
	queue      queue
	watches    watches
	submitters waitq.Queue[*submission] // that wait for room
	paused     bool
	closing    error // why nothing can be submitted, nil while that is possible

	limit        int         // how many workers there can be
	workers      crew        // those that have not ended
	alive        int         // how many those are
	ending       int         // of these, those that run no more tasks
	initializing int         // of these, those that make their state: each is on its way to one task
	idle         *worker     // the one that became idle last, above the others
	searching    bool        // one worker is on its way to the queued tasks
	reaper       *time.Timer // ends idle workers, nil if it is not set

	submitted, running, done, failed, cancelled int
	lent                                        int // tasks that wait while another one runs in their place

	closed  atomic.Bool // by Close; set with mu held
	leaving int         // workers a task of which waits for the end of the pool
	quiet   waitq.Gate  // open when the pool is closing, and only those are alive
	gone    waitq.Gate  // open when no worker is
}

// New returns a pool of up to workers workers, which start when there are tasks for
// them. It panics if workers is below 1.
func New(workers int, opts ...Option) *Pool {
	if workers < 1 {
		panic(fmt.Sprintf("workerpool: New with %d workers", workers))
	}
	p := &Pool{limit: workers}
	p.config = config{capacity: 1024, idleTime: time.Second}
	for _, opt := range opts {
		opt(&p.config)
	}
	if p.state != nil && p.whenFull == CallerRuns {
		panic("workerpool: CallerRuns with WorkerState")
	}
	return p
}

// Go has fn called by a worker. It returns nil once fn is queued; see [WhenFull] for
// what it does if the queue is full: by default it waits for room until ctx ends.
// It returns ctx.Err() if ctx has ended, and [ErrClosed] if the pool was closed.
//
// fn is called with a context that ends when ctx does or when the pool is closed, and
// that has the values of ctx. If ctx ends before fn is called, it is not called. If fn
// fails, [OnError] is told; use [Submit] to be told yourself.
//
// The call of Go synchronizes before that of fn.
func (p *Pool) Go(ctx context.Context, fn func(ctx context.Context) error, opts ...TaskOption) error {
	return p.submit(submission{ctx: ctx, run: fn, whenFull: p.whenFull}, opts)
}

// fullLocked reports whether the queue is full. Tasks for which a worker is free do not
// count, though it may be a moment before they have begun.
func (p *Pool) fullLocked() bool {
	room := p.capacity
	if free := p.limit - p.running; free > 0 && !p.paused {
		room += free
	}
	return p.queue.n >= room
}

// unlock unlocks mu, and has a worker come if there are tasks that need one.
func (p *Pool) unlock() {
	if p.queue.n == 0 || p.searching || p.paused {
		p.mu.Unlock()
		return
	}
	if w := p.idle; w != nil {
		p.searching = true
		p.idle, w.below = w.below, nil
		w.gate.OpenLocked() // not after unlocking: the gate is used again
		p.mu.Unlock()
		return
	}
	if p.alive >= p.limit || p.queue.n <= p.initializing {
		p.mu.Unlock()
		return
	}
	w := &worker{pool: p}
	p.searching = true
	p.alive++
	p.workers.add(w)
	p.mu.Unlock()
	go p.work(w)
}
