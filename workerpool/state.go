package workerpool

import (
	"context"
	"fmt"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// An InitError is why a pool is broken: what [WorkerState] was given to make the state of a
// worker has failed. All queued tasks, and those submitted later, fail with it.
type InitError struct{ Err error }

// Error implements error.
func (e *InitError) Error() string { return fmt.Sprintf("workerpool: worker not ready: %v", e.Err) }

// Unwrap returns Err.
func (e *InitError) Unwrap() error { return e.Err }

type stateHooks struct {
	init     func(context.Context) (any, error)
	teardown func(any)
}

// WorkerState gives each worker a state of its own, which the tasks that it runs get by
// [State]: a connection, say, or a buffer. init is called by a worker before its first task,
// with a context that ends with [Pool.Close]; teardown, unless nil, after its last one.
//
// If init fails or panics the pool is broken: see [InitError]. A panic of teardown ends the
// program. WorkerState does not go together with [CallerRuns]: [New] panics.
func WorkerState[S any](init func(ctx context.Context) (S, error), teardown func(S)) Option {
	return func(c *config) {
		c.state = &stateHooks{
			init: func(ctx context.Context) (any, error) { return init(ctx) },
			teardown: func(state any) {
				if teardown != nil {
					teardown(state.(S))
				}
			},
		}
	}
}

// State returns the state of the worker that runs the task that ctx was given to. It
// panics if ctx is not that of a running task, or if the pool was not given states of type
// S by [WorkerState].
func State[S any](ctx context.Context) S {
	c, _ := ctx.Value(currentKey{}).(*taskContext)
	if c == nil {
		panic("workerpool: State outside of a task")
	}
	p := c.worker.pool
	p.mu.Lock()
	t := c.taskLocked()
	p.mu.Unlock()
	if t == nil {
		panic("workerpool: State outside of a task")
	}
	state, ok := c.worker.state.(S)
	if !ok {
		panic(fmt.Sprintf("workerpool: State of another type than %T", c.worker.state))
	}
	return state
}

// initialize makes the state of the worker and reports whether it is ready.
func (w *worker) initialize() bool {
	p := w.pool
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	p.mu.Lock()
	w.cancelInit = cancel
	p.initializing++
	p.searching = false // others need not wait for this one
	p.unlock()
	explore.Point("workerpool: about to initialize")
	if p.closed.Load() {
		cancel(ErrClosed)
	}

	err := ErrGoexit // what it is unless init returns or panics
	defer func() {
		if value := recover(); value != nil {
			err = panics.New(value)
		}
		if err != nil {
			w.breakPool(&InitError{err})
		}
	}()
	w.state, err = p.state.init(ctx)
	if err == nil {
		w.hasState = true
		p.mu.Lock()
		p.initializing--
		p.searching = true // as it is when a worker without state has started
		p.mu.Unlock()
	}
	return err == nil
}

// breakPool ends the worker, and closes the pool because of err.
func (w *worker) breakPool(err error) {
	p := w.pool
	p.mu.Lock()
	p.initializing--
	p.closeLocked(err)
	promises, unused := p.cancelAllLocked()
	p.changedUnlock()
	for _, w := range unused {
		w.halt()
	}
	for _, promise := range promises {
		promise.resolve(err)
	}
	p.mu.Lock()
	w.endUnlock()
}
