package taskgroup

import (
	"context"
	"errors"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// ErrNotReady is what [Serve] returns if the task returned nil before it was ready.
var ErrNotReady = errors.New("taskgroup: task ended before it was ready")

// A starter waits for a task to be ready.
type starter struct {
	gate waitq.Gate // open when the task is ready or has ended

	// Guarded by the mutex of the scheduler.
	ready bool
	told  bool // it is the starter that the failure of the task is for; too late to be ready
}

// Serve starts fn as a task of g and waits until it calls ready, whose argument it
// returns: the address that a server listens on, say. The task goes on.
//
// How the task ends before it is ready is a matter of Serve alone: it returns the
// error, [ErrNotReady] if that is nil, and g does not fail, unless a panic is to be
// propagated. Later it is a failure of g like that of any other task.
//
// If ctx ends before the task is ready, Serve cancels the task, waits for it, and
// returns ctx.Err(), joined with the task's error if that says something else. If
// ctx has ended already, fn is not called. If ctx is that of a task under a [Limit],
// that task does not count while it waits.
//
// ready can be called once, and then panics.
func Serve[T any](ctx context.Context, g *Group, fn func(ctx context.Context, ready func(T)) error, opts ...TaskOption) (T, error) {
	var value, zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	var s starter
	d := &details{own: true, starter: &s}
	mu := &g.scheduler.mu
	g.start(d, func(ctx context.Context) error {
		return fn(ctx, func(v T) {
			explore.Point("taskgroup: about to be ready")
			mu.Lock()
			again := s.ready
			if !again && !s.told {
				value, s.ready = v, true
				s.gate.OpenLocked()
			}
			mu.Unlock()
			if again {
				panic("taskgroup: ready called twice")
			}
		})
	}, pcOf(fn), opts)

	waiter := taskOf(ctx)
	inTime := g.wait(&s.gate, waiter, ctx.Done())
	if !inTime {
		explore.Point("taskgroup: not ready in time")
		d.stop()
		g.wait(&d.gate, waiter, nil)
	}
	mu.Lock()
	ready, err := s.ready, d.err
	mu.Unlock()
	switch {
	case inTime && ready:
		return value, nil
	case inTime && err == nil:
		return zero, ErrNotReady
	case inTime:
		return zero, err
	case ready || err == nil || saysOnly(err, context.Canceled):
		return zero, ctx.Err()
	}
	return zero, errors.Join(ctx.Err(), err)
}

// Shield calls fn with a context that does not end when ctx does, but d later, and
// returns what fn returns: it is for clean-up in a task that was cancelled. Since it
// is the task that calls fn, Run waits for it. The context has the values of ctx.
//
// Shield panics if d is not positive.
func Shield(ctx context.Context, d time.Duration, fn func(ctx context.Context) error) error {
	if d <= 0 {
		panic("taskgroup: Shield for no time")
	}
	timeout := &TimeoutError{Timeout: d}
	return timeout.limit(fn)(context.WithoutCancel(ctx))
}
