package workerpool

import (
	"context"
	"fmt"
	"time"
)

// An Option of a [Pool].
type Option func(*config)

type config struct {
	capacity    int
	whenFull    Policy
	idleTime    time.Duration
	onError     func(error)
	retireAfter int
	state       *stateHooks
}

// Queue sets how many tasks can wait for a worker, 1024 by default. It panics if n is
// negative; with 0, a task is accepted only if a worker is free for it.
func Queue(n int) Option {
	if n < 0 {
		panic(fmt.Sprintf("workerpool: Queue(%d)", n))
	}
	return func(c *config) { c.capacity = n }
}

// A Policy says what a submission does when the queue is full.
type Policy uint8

const (
	Block      Policy = iota // wait for room until the context ends
	Reject                   // fail with ErrFull
	CallerRuns               // run the task on the goroutine of the caller; Shutdown and Close do not wait for it

	always Policy = 255 // for what takes the place of a task that has ended
)

// WhenFull sets what submissions do when the queue is full. The default is [Block].
func WhenFull(policy Policy) Option {
	if policy > CallerRuns {
		panic(fmt.Sprintf("workerpool: WhenFull(%d)", policy))
	}
	return func(c *config) { c.whenFull = policy }
}

// IdleTime sets after what time without a task a worker ends, one second by default. It
// panics if d is negative; with 0 a worker ends at once.
func IdleTime(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("workerpool: IdleTime(%v)", d))
	}
	return func(c *config) { c.idleTime = d }
}

// OnError has fn called with the error of each task that was submitted by [Pool.Go] and
// failed. It is called on the goroutine of the worker, by several at a time.
func OnError(fn func(err error)) Option { return func(c *config) { c.onError = fn } }

// RetireAfter has a worker end after n tasks; another one takes its place when there is
// need. It panics if n is below 1.
func RetireAfter(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("workerpool: RetireAfter(%d)", n))
	}
	return func(c *config) { c.retireAfter = n }
}

// A TaskOption is an option of one task.
type TaskOption func(*submission)

// Priority has the task start before queued ones of a lower priority. Others have
// priority 0; those of the same priority start in the order of their submission.
func Priority(n int) TaskOption { return func(s *submission) { s.priority = n } }

// Timeout ends the context of the task d after it began to run.
func Timeout(d time.Duration) TaskOption {
	return func(s *submission) {
		run := s.run
		s.run = func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			return run(ctx)
		}
	}
}
