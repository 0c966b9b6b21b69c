package retry

import (
	"context"
	"fmt"
	"time"
)

// Do calls fn until it returns nil, until its error is not worth another
// attempt by policy p, or until ctx ends; between attempts it sleeps as p says.
// It returns nil or an [*Error].
//
// fn gets ctx, with p.AttemptTimeout applied to each attempt. fn is not called
// once ctx has ended, not even for the first time. If the next pause would last
// until the deadline of ctx, Do gives up at once: the Cause is then
// context.DeadlineExceeded, as if it had waited.
//
// It panics if a field of p is out of its range.
func Do(ctx context.Context, p Policy, fn func(ctx context.Context) error) error {
	p.check()
	var last error
	for attempts := 0; ; {
		if err := ctx.Err(); err != nil {
			return &Error{Attempts: attempts, Last: last, Cause: err}
		}
		err := p.attempt(ctx, fn)
		if err == nil {
			return nil
		}
		attempts++
		last = err
		if mark, ok := err.(*marked); ok {
			last = mark.error
		}
		if ctx.Err() != nil {
			continue
		}
		d, again := p.next(attempts, err)
		if !again {
			return &Error{Attempts: attempts, Last: last}
		}
		if deadline, ok := ctx.Deadline(); ok && d > 0 && time.Until(deadline) <= d {
			return &Error{Attempts: attempts, Last: last, Cause: context.DeadlineExceeded}
		}
		sleep(ctx, d)
	}
}

// Get is [Do] for a function with a result. With an error the result is that of
// the last attempt, which is T's zero value if there was none.
func Get[T any](ctx context.Context, p Policy, fn func(ctx context.Context) (T, error)) (T, error) {
	var result T
	err := Do(ctx, p, func(ctx context.Context) (err error) {
		result, err = fn(ctx)
		return err
	})
	return result, err
}

func (p *Policy) attempt(ctx context.Context, fn func(context.Context) error) error {
	if p.AttemptTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.AttemptTimeout)
		defer cancel()
	}
	return fn(ctx)
}

// next decides whether to try again after the given number of attempts, the
// last of which failed with err, and how long to pause before.
func (p *Policy) next(attempts int, err error) (d time.Duration, again bool) {
	if attempts >= p.maxAttempts() {
		return 0, false
	}
	if mark := findMark(err); mark != nil {
		return min(mark.after, p.maxDelay()), !mark.permanent
	}
	if p.Retryable != nil && !p.Retryable(err) {
		return 0, false
	}
	return p.delay(attempts), true
}

// sleep pauses for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Error is why [Do] gave up.
type Error struct {
	Attempts int   // calls of the function
	Last     error // what the last of them returned; nil if there was none
	Cause    error // the error of the caller's context if that ended the attempts, else nil
}

func (e *Error) Error() string {
	switch {
	case e.Last == nil:
		return fmt.Sprintf("retry: not attempted: %v", e.Cause)
	case e.Cause == nil:
		return fmt.Sprintf("after %s: %v", count(e.Attempts), e.Last)
	default:
		return fmt.Sprintf("after %s: %v (%v)", count(e.Attempts), e.Last, e.Cause)
	}
}

func count(attempts int) string {
	if attempts == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", attempts)
}

// Unwrap returns Last and Cause, so that errors.Is and errors.As reach both.
func (e *Error) Unwrap() []error {
	switch {
	case e.Last == nil:
		return []error{e.Cause}
	case e.Cause == nil:
		return []error{e.Last}
	default:
		return []error{e.Last, e.Cause}
	}
}

// Permanent marks err as one that another attempt cannot mend: Do returns after
// it. The mark holds for that Do only: when its [*Error] comes back from an
// attempt of an outer Do, that goes on. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &marked{error: err, permanent: true}
}

// After marks err with how long to pause before the next attempt, in place of
// the policy's delay and without jitter, as when a server answers with
// Retry-After. The pause is bounded by Policy.MaxDelay. After(nil, d) is nil.
func After(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &marked{error: err, after: d}
}

type marked struct {
	error
	permanent bool
	after     time.Duration
}

func (m *marked) Unwrap() error { return m.error }

// findMark returns the outermost mark in err that was not meant for a Do inside
// the attempt that returned err.
func findMark(err error) *marked {
	switch err := err.(type) {
	case *marked:
		return err
	case *Error:
		return nil
	case interface{ Unwrap() error }:
		return findMark(err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			if mark := findMark(inner); mark != nil {
				return mark
			}
		}
	}
	return nil
}
