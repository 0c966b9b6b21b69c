package taskgroup

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
)

// A Task is a task of a group that has a result.
type Task[T any] struct {
	details details
	value   T
}

// Start starts fn as a task of g, as [Group.Go] does, and returns the task. A
// failure of the task is one of the group, whether or not anybody waits for it.
func Start[T any](g *Group, fn func(ctx context.Context) (T, error), opts ...TaskOption) *Task[T] {
	return startNamed(g, fn, pcOf(fn), opts)
}

// startNamed starts fn, named after the function at pc.
func startNamed[T any](g *Group, fn func(context.Context) (T, error), pc uintptr, opts []TaskOption) *Task[T] {
	t := &Task[T]{details: details{own: true}}
	g.start(&t.details, func(ctx context.Context) (err error) {
		t.value, err = fn(ctx)
		return err
	}, pc, opts)
	return t
}

// Wait waits until the task has ended, and returns what its function returned. That
// is a [*PanicError] if it panicked and [ErrGoexit] if it called runtime.Goexit.
//
// If ctx ends, or has ended already, Wait returns ctx.Err(), and the task goes on.
// If ctx is that of a task under a [Limit], which then does not count while it waits,
// Wait returns once the task counts again.
//
// A task that waits for itself or for one within which it runs would wait for ever:
// Wait panics.
//
// The end of the task synchronizes before the return of Wait.
func (t *Task[T]) Wait(ctx context.Context) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	waiter := taskOf(ctx)
	for w := waiter; w != nil; w = w.group.parent {
		if w == &t.details.task {
			panic("taskgroup: task waits for itself")
		}
	}
	if !t.details.group.wait(&t.details.gate, waiter, ctx.Done()) {
		return zero, ctx.Err()
	}
	return t.value, t.details.err
}

// Done returns a channel that is closed when the task has ended.
func (t *Task[T]) Done() <-chan struct{} {
	mu := &t.details.group.scheduler.mu
	mu.Lock()
	defer mu.Unlock()
	return t.details.gate.DoneLocked()
}

// Cancel ends the context of the task. An error that says no more than that is no
// failure of the group then. Cancel does not wait; to cancel a task that has ended
// does nothing.
func (t *Task[T]) Cancel() { t.details.stop() }

// stop cancels a task that has a context of its own.
func (d *details) stop() {
	mu := &d.group.scheduler.mu
	mu.Lock()
	d.cancelled = true
	mu.Unlock()
	explore.Point("taskgroup: about to cancel a task")
	d.cancel()
}

// State returns the state of the task.
func (t *Task[T]) State() State {
	mu := &t.details.group.scheduler.mu
	mu.Lock()
	defer mu.Unlock()
	return t.details.state
}

// Name returns the name that the task was given, or else that of its function.
func (t *Task[T]) Name() string { return nameOf(t.details.name, t.details.pc) }
