package retry

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrElapsed is the Cause of an [Error] if Policy.MaxElapsed ended the attempts,
	// and the cause of the context of an attempt that it ended.
	ErrElapsed = errors.New("retry: MaxElapsed has passed")
	// ErrBudget is the Cause of an [Error] if the [Budget] allowed no retry.
	ErrBudget = errors.New("retry: the budget is spent")
	// ErrAttemptTimeout is the cause of the context of an attempt that took longer
	// than Policy.AttemptTimeout. It matches context.DeadlineExceeded.
	ErrAttemptTimeout error = attemptTimeout{}
	// ErrGoexit is the Last error of a [Hedge] one of whose attempts called
	// runtime.Goexit, as testing.T.FailNow does.
	ErrGoexit = errors.New("retry: the attempt called runtime.Goexit")
)

var errNotAttempted = errors.New("the context had ended")

type attemptTimeout struct{}

func (attemptTimeout) Error() string        { return "retry: the attempt took longer than AttemptTimeout" }
func (attemptTimeout) Timeout() bool        { return true }
func (attemptTimeout) Is(target error) bool { return target == context.DeadlineExceeded }

// TooLongError says that a server asked for a longer pause than the policy
// allows: see Policy.StrictAfter.
type TooLongError struct {
	Asked time.Duration // by [After]
	Max   time.Duration // Policy.MaxDelay
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("retry: asked to wait for %v, longer than %v", e.Asked, e.Max)
}

// historySize is how many errors an Error keeps.
const historySize = 8

// Error is why there was no other attempt.
type Error struct {
	Attempts int   // calls of the function
	Last     error // what the last of them returned; nil if there was none
	// Cause is what else ended the attempts: the error of the caller's context,
	// [ErrElapsed], [ErrBudget] or a [*TooLongError]. It is nil if Last did: it was
	// not worth another attempt, or was that of the last attempt allowed. So an
	// attempt that ran into its own time limit is in Last, and the caller's cancel
	// in Cause.
	Cause error
	// History are the errors of the last attempts, eight at most, the oldest first
	// and Last at the end.
	History []error

	usedUp int // attempts, if these were all that were allowed and count outside
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

// history keeps the last errors, in a ring, so that a million attempts need no
// more memory than eight.
type history struct {
	ring [historySize]error
	n    int // of all errors
}

func (h *history) add(err error) {
	h.ring[uint(h.n)%historySize] = err
	h.n++
}

func (h *history) last() error { return h.ring[uint(h.n-1)%historySize] }

func (h *history) list() []error {
	kept := min(h.n, historySize)
	list := make([]error, kept)
	for i := range list {
		list[i] = h.ring[(h.n-kept+i)%historySize]
	}
	return list
}
