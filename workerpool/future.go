package workerpool

import (
	"context"
	"slices"
	"sync"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A Future is the result of a task, which may not have ended yet. It keeps nothing of
// the task but its result.
type Future[T any] struct {
	promise promise
	value   T
}

// Submit has fn called by a worker, and returns its result to come. For errors, and for
// the context of fn, see [Pool.Go]; if ctx ends before fn is called, or the pool is closed,
// the future fails at once.
func Submit[T any](ctx context.Context, p *Pool, fn func(ctx context.Context) (T, error), opts ...TaskOption) (*Future[T], error) {
	f, run := promised(p, fn)
	if err := p.submit(submission{ctx: ctx, run: run, promise: &f.promise, whenFull: p.whenFull}, opts); err != nil {
		return nil, err
	}
	return f, nil
}

// TrySubmit is [Submit] if that is possible without waiting; otherwise, or if the pool is
// closed, it returns false. The context of fn ends when the pool is closed.
func TrySubmit[T any](p *Pool, fn func(ctx context.Context) (T, error), opts ...TaskOption) (*Future[T], bool) {
	f, run := promised(p, fn)
	err := p.submit(submission{ctx: context.Background(), run: run, promise: &f.promise, whenFull: Reject}, opts)
	if err != nil {
		return nil, false
	}
	return f, true
}

// promised returns a future and the function that gives it a value.
func promised[T any](p *Pool, fn func(context.Context) (T, error)) (*Future[T], func(context.Context) error) {
	f := &Future[T]{promise: promise{pool: p}}
	return f, func(ctx context.Context) (err error) {
		f.value, err = fn(ctx)
		return err
	}
}

// Wait waits until the task has ended and returns its result. The error is that of the
// task, a [*PanicError] if it panicked, [ErrGoexit] if it called runtime.Goexit, ctx.Err()
// of the submitter if that ended before the task began, or [ErrClosed].
//
// If ctx ends, or has ended already, Wait returns ctx.Err(), and the task goes on.
//
// If ctx is that of a task of the same pool and the awaited task has not begun, the
// worker of the one that waits runs it now; Wait returns when it has ended. So tasks
// that wait for others do not need more workers.
//
// The end of the task synchronizes before the return of Wait.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	if !f.promise.await(ctx) {
		return zero, ctx.Err()
	}
	return f.value, f.promise.err
}

// Done returns a channel that is closed when the task has ended.
func (f *Future[T]) Done() <-chan struct{} {
	f.promise.mu.Lock()
	defer f.promise.mu.Unlock()
	return f.promise.gate.DoneLocked()
}

// Then has fn called by a worker with the result of f once that is there, and returns the
// result of fn to come. If f fails, so does the future that Then returns, with the same
// error, and fn is not called. The call takes the place of the task of f: it does not
// wait for room in the queue. For the context of fn see [Pool.Go].
func Then[T, U any](ctx context.Context, f *Future[T], fn func(ctx context.Context, v T) (U, error), opts ...TaskOption) *Future[U] {
	p := f.promise.pool
	next, run := promised(p, func(ctx context.Context) (U, error) { return fn(ctx, f.value) })
	next.promise.after = &link{to: &f.promise}
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() {
			explore.Point("workerpool: follower's context ended")
			f.promise.forget(next)
			next.promise.resolve(ctx.Err())
		})
	}
	f.promise.whenResolved(next, func() {
		if !stop() {
			return
		}
		err := f.promise.err
		if err == nil {
			err = p.submit(submission{ctx: ctx, run: run, promise: &next.promise, whenFull: always}, opts)
		}
		if err != nil {
			next.promise.resolve(err)
		} else {
			next.promise.submitted()
		}
	})
	return next
}

// A promise is what a future is apart from its value.
type promise struct {
	pool *Pool
	job  *job // while it is queued; guarded by the mutex of the pool

	mu       sync.Mutex // guards the fields below
	gate     waitq.Gate // open when it is resolved
	err      error
	resolved bool
	then     []reaction
	after    *link // to the one that it follows, until its own task is queued
}

// A link is between a promise and the one that it follows. Who has the task of a promise
// run has to wait until it is queued, which is later than that the other one is resolved.
type link struct {
	to   *promise
	gate waitq.Gate // opened when the task is queued; guarded by the mutex of who follows
}

// resolve ends the wait for the promise; nil will do.
func (pr *promise) resolve(err error) {
	if pr == nil {
		return
	}
	explore.Point("workerpool: about to resolve")
	pr.mu.Lock()
	pr.err, pr.resolved = err, true
	then := pr.then
	pr.then = nil
	pr.unlinkLocked()
	pr.gate.OpenAndUnlock(&pr.mu)
	for _, r := range then {
		explore.Point("workerpool: about to react")
		r.fn()
	}
}

// A reaction is what somebody wants called when a promise is resolved.
type reaction struct {
	whose any
	fn    func()
}

// whenResolved calls fn when the promise is resolved, or now if it is.
func (pr *promise) whenResolved(whose any, fn func()) {
	pr.mu.Lock()
	if !pr.resolved {
		pr.then = append(pr.then, reaction{whose, fn})
		fn = nil
	}
	pr.mu.Unlock()
	if fn != nil {
		fn()
	}
}

// forget undoes whenResolved for who called it with whose, unless the promise is resolved.
func (pr *promise) forget(whose any) {
	pr.mu.Lock()
	pr.then = slices.DeleteFunc(pr.then, func(r reaction) bool { return r.whose == whose })
	pr.mu.Unlock()
}

// submitted notes that the task of the promise is queued.
func (pr *promise) submitted() {
	pr.mu.Lock()
	pr.unlinkLocked()
	pr.mu.Unlock()
}

func (pr *promise) unlinkLocked() {
	if pr.after != nil {
		pr.after.gate.OpenLocked()
		pr.after = nil
	}
}

// follows returns the link to the promise that this one follows, or nil.
func (pr *promise) follows() *link {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	return pr.after
}
