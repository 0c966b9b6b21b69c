package retry_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// taking returns a function that takes d and fails.
func taking(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return errFlaky
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestPauseThatLeavesNoTimeForATypicalAttemptIsNotBegun(t *testing.T) {
	for _, tc := range []struct {
		deadline time.Duration
		attempts int
		took     time.Duration
	}{
		// Attempts take 3 s, pauses are 1 s and 2 s.
		{6999 * time.Millisecond, 1, 3 * time.Second}, // 1 s later less than 3 s would be left
		{7001 * time.Millisecond, 2, 7 * time.Second}, // enough for one, not for another
		{12001 * time.Millisecond, 3, 12 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), tc.deadline)
			defer cancel()
			err := retry.Do(ctx, p, taking(3*time.Second))
			require.Equal(t, tc.took, time.Since(start))
			if tc.attempts == 3 {
				requireError(t, err, 3, errFlaky, nil)
			} else {
				requireError(t, err, tc.attempts, errFlaky, context.DeadlineExceeded)
			}

			// MaxElapsed is such a limit as well.
			start = time.Now()
			p.MaxElapsed = tc.deadline
			err = retry.Do(t.Context(), p, taking(3*time.Second))
			require.Equal(t, tc.took, time.Since(start))
			if tc.attempts < 3 {
				requireError(t, err, tc.attempts, errFlaky, retry.ErrElapsed)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "it is not that of the caller")
			}
		})
	}
}

// The typical attempt is the mean: one that was slow does not count for all.
func TestTypicalAttemptIsTheMean(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 22*time.Second)
		defer cancel()
		n := 0
		p := retry.Policy{MaxAttempts: -1, BaseDelay: time.Second, Multiplier: 1, Jitter: retry.NoJitter}
		start := time.Now()
		err := retry.Do(ctx, p, func(ctx context.Context) error {
			if n++; n == 1 {
				return taking(10 * time.Second)(ctx)
			}
			return taking(time.Second)(ctx)
		})
		// Those that end at 10, 12, 14, 16, 18 and 20 s bring the mean to 10, 5.5, 4,
		// 3.25, 2.8 and 2.5 s.
		requireError(t, err, 6, errFlaky, context.DeadlineExceeded)
		require.Equal(t, 20*time.Second, time.Since(start))
	})
}

func TestMaxElapsedEndsAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes []error
		hang := func(ctx context.Context) error {
			<-ctx.Done()
			causes = append(causes, context.Cause(ctx))
			return ctx.Err()
		}
		p := retry.Policy{MaxAttempts: -1, BaseDelay: -1, MaxElapsed: 5 * time.Second, AttemptTimeout: 2 * time.Second}
		start := time.Now()
		err := retry.Do(t.Context(), p, hang)
		requireError(t, err, 3, context.DeadlineExceeded, retry.ErrElapsed)
		require.Equal(t, 5*time.Second, time.Since(start))
		require.Equal(t, []error{retry.ErrAttemptTimeout, retry.ErrAttemptTimeout, retry.ErrElapsed}, causes)

		// The caller's deadline is earlier: it is that which ends the attempts.
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err = retry.Do(ctx, p, hang)
		requireError(t, err, 2, context.DeadlineExceeded, context.DeadlineExceeded)

		// It passes in the hook.
		p = retry.Policy{MaxAttempts: -1, BaseDelay: -1, MaxElapsed: 5 * time.Second,
			OnRetry: func(context.Context, int, error, time.Duration) { time.Sleep(3 * time.Second) }}
		err = retry.Do(t.Context(), p, taking(0))
		requireError(t, err, 2, errFlaky, retry.ErrElapsed)

	})
	// One that is farther away than a clock can tell is none, whatever the clock.
	far := func(t *testing.T) {
		p := retry.Policy{BaseDelay: -1, MaxElapsed: 1<<63 - 1}
		requireError(t, retry.Do(t.Context(), p, func(context.Context) error { return errFlaky }), 3, errFlaky, nil)
	}
	far(t)
	synctest.Test(t, far)
}

func TestContextOfAnAttemptWithALimitEndsWithIt(t *testing.T) {
	var all []context.Context
	for _, p := range []retry.Policy{{BaseDelay: -1, AttemptTimeout: time.Hour}, {BaseDelay: -1, MaxElapsed: time.Hour}} {
		retry.Do(t.Context(), p, func(ctx context.Context) error {
			for _, earlier := range all {
				require.ErrorIs(t, earlier.Err(), context.Canceled)
			}
			require.NoError(t, ctx.Err())
			all = append(all, ctx)
			return errFlaky
		})
		require.Panics(t, func() {
			retry.Do(t.Context(), p, func(ctx context.Context) error {
				all = append(all, ctx)
				panic("boom")
			})
		})
		require.ErrorIs(t, all[len(all)-1].Err(), context.Canceled)
	}
	require.Len(t, all, 8)
}

func TestDeadlineThatHasPassedUnseenIsLeftToTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fn, calls := failing(2, errFlaky)
		ctx := late{t.Context(), time.Now().Add(-time.Hour)}
		require.NoError(t, retry.Do(ctx, retry.Policy{BaseDelay: -1}, fn))
		require.Len(t, *calls, 3)
		err := retry.Do(ctx, retry.Policy{MaxDelay: 1<<63 - 1}, func(context.Context) error {
			return retry.After(errFlaky, 1<<63-1)
		})
		requireError(t, err, 1, errFlaky, context.DeadlineExceeded)
		// MaxElapsed, which is later, holds all the same.
		p := retry.Policy{MaxAttempts: -1, BaseDelay: -1, MaxElapsed: 5 * time.Second}
		err = retry.Do(ctx, p, func(context.Context) error { time.Sleep(2 * time.Second); return errFlaky })
		requireError(t, err, 3, errFlaky, context.DeadlineExceeded)
	})
}

// A deadline can be further away, in either direction, than a Duration can say. Not
// in a bubble, since its clock is too far from the end of the range.
func TestDeadlineBeyondTheRange(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := retry.Policy{BaseDelay: time.Hour, Jitter: retry.NoJitter, MaxDelay: time.Hour, MaxElapsed: time.Minute,
		OnRetry: func(context.Context, int, error, time.Duration) { cancel() }}
	far := late{ctx, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	err := retry.Do(far, p, func(context.Context) error { return errFlaky })
	requireError(t, err, 1, errFlaky, retry.ErrElapsed)
	synctest.Test(t, func(t *testing.T) {
		p.MaxElapsed = 0
		err = retry.Do(late{t.Context(), time.Time{}}, p, taking(time.Second))
		requireError(t, err, 1, errFlaky, context.DeadlineExceeded)
	})
}

// late is a context that has not noticed its deadline.
type late struct {
	context.Context
	deadline time.Time
}

func (l late) Deadline() (time.Time, bool) { return l.deadline, true }

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, "caller's")
		var told []string
		tell := func(ctx context.Context, format string, args ...any) {
			require.Equal(t, "caller's", ctx.Value(key{}))
			told = append(told, fmt.Sprintf(format, args...))
		}
		p := retry.Policy{
			BaseDelay: time.Second, Jitter: retry.NoJitter,
			OnRetry: func(ctx context.Context, attempt int, err error, pause time.Duration) {
				tell(ctx, "retry %d %v %v", attempt, err, pause)
			},
			OnSuccess: func(ctx context.Context, attempts int) { tell(ctx, "success %d", attempts) },
			OnGiveUp:  func(ctx context.Context, err *retry.Error) { tell(ctx, "gave up: %v", err) },
		}
		requireTold := func(want ...string) {
			t.Helper()
			require.Equal(t, want, told)
			told = nil
		}
		try := func(ctx context.Context, p retry.Policy, failures int, err error) {
			fn, _ := failing(failures, err)
			retry.Do(ctx, p, fn)
		}
		try(ctx, p, 0, nil)
		requireTold("success 1")
		try(ctx, p, 2, retry.After(errFlaky, 4*time.Second))
		requireTold("retry 1 flaky 4s", "retry 2 flaky 4s", "success 3")
		try(ctx, p, 9, errFlaky)
		requireTold("retry 1 flaky 1s", "retry 2 flaky 2s", "gave up: after 3 attempts: flaky")
		try(ctx, p, 9, retry.Permanent(errFlaky))
		requireTold("gave up: after 1 attempt: flaky")
		ended, cancel := context.WithCancel(ctx)
		cancel()
		try(ended, p, 0, nil)
		requireTold("gave up: retry: not attempted: context canceled")
		limited := p
		limited.MaxElapsed = time.Second
		try(ctx, limited, 9, errFlaky)
		requireTold("gave up: after 1 attempt: flaky (retry: MaxElapsed has passed)")
		try(ctx, limited, 0, errFlaky)
		requireTold("success 1")
		p.BaseDelay = -1
		try(ctx, p, 1, errFlaky)
		requireTold("retry 1 flaky 0s", "success 2")
	})
}

// A hook takes time too: what is left after it decides whether a pause begins.
func TestPauseIsNotBegunIfTheHookHasTakenTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := retry.Policy{BaseDelay: 3 * time.Second, Jitter: retry.NoJitter, Budget: retry.NewBudget(0, 1),
			OnRetry: func(context.Context, int, error, time.Duration) { time.Sleep(5 * time.Second) }}
		for range 2 { // the budget has the one retry back
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
			defer cancel()
			err := retry.Do(ctx, p, func(context.Context) error { return errFlaky })
			requireError(t, err, 1, errFlaky, context.DeadlineExceeded)
			require.Equal(t, 5*time.Second, time.Since(start))
		}
		for _, delay := range []time.Duration{3 * time.Second, -1} {
			p.BaseDelay, p.MaxElapsed = delay, 5*time.Second
			start := time.Now()
			err := retry.Do(t.Context(), p, func(context.Context) error { return errFlaky })
			requireError(t, err, 1, errFlaky, retry.ErrElapsed)
			require.Equal(t, 5*time.Second, time.Since(start))
		}
	})
}

// A timer can be late. Here it is the context that keeps the pause from ending.
func TestNoAttemptBeginsAfterMaxElapsedIfThePauseTookLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := &sluggish{Context: t.Context()}
		p := retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter, MaxElapsed: 3 * time.Second,
			OnRetry: func(context.Context, int, error, time.Duration) { ctx.delay = 5 * time.Second }}
		err := retry.Do(ctx, p, func(context.Context) error { return errFlaky })
		requireError(t, err, 1, errFlaky, retry.ErrElapsed)
	})
}

// sluggish is a context that takes its time to tell its channel.
type sluggish struct {
	context.Context
	delay time.Duration
}

func (s *sluggish) Done() <-chan struct{} {
	time.Sleep(s.delay)
	return s.Context.Done()
}

// No attempt follows a cancel, wherever it happens.
func TestCancelInAHookOrAnAttemptOrRetryable(t *testing.T) {
	for _, where := range []string{"OnRetry", "Retryable", "attempt", "Unwrap", "attempt alone", "Unwrap alone", "Retryable alone", "Rand alone"} {
		for _, delay := range []time.Duration{-1, time.Second} {
			synctest.Test(t, func(t *testing.T) {
				where, bare := strings.CutSuffix(where, " alone")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				at := func(place string) {
					if place == where {
						cancel()
					}
				}
				start := time.Now()
				p := retry.Policy{
					BaseDelay: delay,
					OnRetry:   func(context.Context, int, error, time.Duration) { at("OnRetry") },
					Retryable: func(error) bool { at("Retryable"); return true },
				}
				if bare {
					p.OnRetry = nil
					if where != "Retryable" {
						p.Retryable = nil
					}
				}
				if where == "Rand" {
					p.BaseDelay = time.Second
					p.Rand = func(int64) int64 { at("Rand"); return 0 }
				}
				err := retry.Do(ctx, p, func(context.Context) error {
					at("attempt")
					return unwrapping(func() error { at("Unwrap"); return errFlaky })
				})
				require.ErrorIs(t, err, errFlaky)
				e := err.(*retry.Error)
				require.Equal(t, 1, e.Attempts)
				require.Equal(t, context.Canceled, e.Cause)
				require.Zero(t, time.Since(start))
			})
		}
	}
}

type unwrapping func() error

func (unwrapping) Error() string   { return "wrapped" }
func (u unwrapping) Unwrap() error { return u() }

func TestStrictAfterGivesUpOnTooLongAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := retry.Policy{MaxDelay: 10 * time.Second, StrictAfter: true}
		start := time.Now()
		fn, calls := failing(1, retry.After(errFlaky, 10*time.Second))
		require.NoError(t, retry.Do(t.Context(), p, fn))
		require.Equal(t, seconds(0, 10), *calls)
		fn, _ = failing(1, fmt.Errorf("wrapped: %w", retry.After(errFlaky, 11*time.Second)))
		err := retry.Do(t.Context(), p, fn)
		require.Equal(t, 10*time.Second, time.Since(start))
		var long *retry.TooLongError
		require.ErrorAs(t, err, &long)
		require.Equal(t, retry.TooLongError{Asked: 11 * time.Second, Max: 10 * time.Second}, *long)
		require.ErrorIs(t, err, errFlaky)
		require.EqualError(t, err, "after 1 attempt: wrapped: flaky (retry: asked to wait for 11s, longer than 10s)")

		p.OnRetry = func(_ context.Context, _ int, _ error, pause time.Duration) { require.Zero(t, pause) }
		fn, calls = failing(1, retry.After(errFlaky, -time.Second))
		require.NoError(t, retry.Do(t.Context(), p, fn))
		require.Equal(t, seconds(0, 0), *calls, "a negative wait is none")
	})
}

func TestHistoryHasTheLastErrors(t *testing.T) {
	n := 0
	err := retry.Do(t.Context(), retry.Policy{MaxAttempts: 11, BaseDelay: -1}, func(context.Context) error {
		n++
		return fmt.Errorf("failure %d", n)
	})
	e := err.(*retry.Error)
	require.Len(t, e.History, 8)
	for i, err := range e.History {
		require.EqualError(t, err, fmt.Sprint("failure ", i+4))
	}
	require.Equal(t, e.Last, e.History[7])
	err = retry.Do(t.Context(), retry.Policy{}, func(context.Context) error { return retry.Permanent(errFlaky) })
	require.Equal(t, []error{errFlaky}, err.(*retry.Error).History, "without the mark")
}

func TestOnePolicyInTwoBubbles(t *testing.T) {
	p := retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter, MaxElapsed: time.Minute, Budget: retry.NewBudget(0, 100)}
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			fn, calls := failing(2, errFlaky)
			require.NoError(t, retry.Do(t.Context(), p, fn))
			require.Equal(t, seconds(0, 1, 3), *calls)
		})
	}
}

func TestGoexitPassesThrough(t *testing.T) {
	ended, returned := make(chan struct{}), false
	go func() {
		defer close(ended)
		retry.Do(context.Background(), retry.Policy{AttemptTimeout: time.Hour}, func(context.Context) error {
			runtime.Goexit()
			return nil
		})
		returned = true
	}()
	<-ended
	require.False(t, returned)
}
