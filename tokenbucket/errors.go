package tokenbucket

import (
	"context"
	"errors"
	"time"
)

// ErrTooLarge says that a call asks for more tokens than the bucket can ever hold.
var ErrTooLarge = errors.New("tokenbucket: more tokens than the burst")

// DeadlineError is returned by a Take whose turn would not come before the
// deadline of its context. It matches [context.DeadlineExceeded].
type DeadlineError struct {
	// RetryAt is when its turn would have come.
	RetryAt time.Time
}

func (e *DeadlineError) Error() string {
	return "tokenbucket: no turn before the deadline, but at " + e.RetryAt.Format(time.RFC3339Nano)
}

// Unwrap returns [context.DeadlineExceeded].
func (e *DeadlineError) Unwrap() error { return context.DeadlineExceeded }
