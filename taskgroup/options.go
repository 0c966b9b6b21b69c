package taskgroup

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// An Option of a [Run].
type Option func(*config)

type config struct {
	name      string
	limit     int // 0: none
	timeout   *TimeoutError
	keepGoing bool
	onPanic   PanicMode
}

// Name names the group in [Group.Tree], in traces and in a [TimeoutError]. By
// default it is the name of its body.
func Name(name string) Option { return func(c *config) { c.name = name } }

// Limit has at most n tasks run at a time; the others queue, first in, first out.
// It covers the tasks of the group and those of groups that they run in turn, with
// the ctx they were given. A task that waits for others, in [Run], [Task.Wait] or
// anything built on them, does not count until it goes on, and then it comes before
// those that have not begun: so tasks that wait for tasks do not use up the limit.
// The body of the group does not count.
//
// Limit panics if n < 1.
func Limit(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("taskgroup: Limit(%d)", n))
	}
	return func(c *config) { c.limit = n }
}

// Timeout ends the context of the group after d, with a [*TimeoutError] as its
// cause. If d is not positive the context has ended from the start, and Run
// returns at once.
func Timeout(d time.Duration) Option {
	return func(c *config) { c.timeout = &TimeoutError{Timeout: d} }
}

// KeepGoing lets the other tasks go on when one fails. Run returns all failures in
// the order in which they happened. A panic that Run is to panic with still cancels
// the others.
func KeepGoing() Option { return func(c *config) { c.keepGoing = true } }

// A PanicMode says what the panic of a task does.
type PanicMode uint8

const (
	// Propagate cancels the other tasks, waits for them, and has Run panic with a
	// [*PanicError]. It is the default.
	Propagate PanicMode = iota
	// AsError makes the [*PanicError] the error of the task.
	AsError
	// Crash ends the program where the panic happened, as it does in a goroutine
	// that no group started. A panic of the body, which runs on the goroutine of
	// Run's caller, is propagated.
	Crash
)

// OnPanic sets what a panic of the body or of a task does.
func OnPanic(mode PanicMode) Option {
	if mode > Crash {
		panic(fmt.Sprintf("taskgroup: OnPanic(%d)", mode))
	}
	return func(c *config) { c.onPanic = mode }
}

// A TaskOption is an option of one task.
type TaskOption func(*taskConfig)

type taskConfig struct {
	name    string
	timeout *TimeoutError
	daemon  bool
}

// TaskName names the task in [Group.Tree], in traces and in a [TimeoutError]. By
// default it is the name of its function.
func TaskName(name string) TaskOption { return func(c *taskConfig) { c.name = name } }

// TaskTimeout ends the context of the task d after it began to run, with a
// [*TimeoutError] as its cause. If d is not positive it has ended from the start.
func TaskTimeout(d time.Duration) TaskOption {
	return func(c *taskConfig) { c.timeout = &TimeoutError{Timeout: d} }
}

// Daemon has the task's context end once the body and all tasks that are no daemons
// have ended. The group waits for it to end too, but it is no failure if the error
// it returns says only that its context was cancelled then.
func Daemon() TaskOption { return func(c *taskConfig) { c.daemon = true } }

// A TimeoutError is the cause of the end of a context by [Timeout] or
// [TaskTimeout], and what a function that returned context.DeadlineExceeded for
// that reason is taken to have failed with; if it wrapped that, both are joined. It
// matches context.DeadlineExceeded.
type TimeoutError struct {
	Name    string // of the group or task, "" if it was given none
	Timeout time.Duration
}

// Error implements error.
func (e *TimeoutError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("taskgroup: timeout after %v", e.Timeout)
	}
	return fmt.Sprintf("taskgroup: %s: timeout after %v", e.Name, e.Timeout)
}

// Unwrap returns context.DeadlineExceeded.
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

// limit returns fn with a context that ends when its time is over.
func (e *TimeoutError) limit(fn func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeoutCause(ctx, e.Timeout, e)
		defer cancel()
		return e.instead(ctx, fn(ctx))
	}
}

// instead returns e in place of err if err is what ctx says of its end by e, or joins
// it to err if that is the same, wrapped.
func (e *TimeoutError) instead(ctx context.Context, err error) error {
	switch {
	case e == nil || err == nil || context.Cause(ctx) != error(e) || !saysOnly(err, context.DeadlineExceeded):
		return err
	case err == context.DeadlineExceeded || err == error(e):
		return e
	}
	return errors.Join(err, e)
}
