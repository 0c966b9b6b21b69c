package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/retry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errFlaky = errors.New("flaky")

// failing returns a function that fails the given number of times, and the
// times of its calls since the first.
func failing(times int, err error) (fn func(context.Context) error, calls *[]time.Duration) {
	calls = new([]time.Duration)
	var start time.Time
	return func(context.Context) error {
		if len(*calls) == 0 {
			start = time.Now()
		}
		*calls = append(*calls, time.Since(start))
		if len(*calls) <= times {
			return err
		}
		return nil
	}, calls
}

// requireError holds an error to its fields, and History to them.
func requireError(t *testing.T, err error, attempts int, last, cause error) *retry.Error {
	t.Helper()
	e, ok := err.(*retry.Error)
	require.True(t, ok, "%T", err)
	require.Equal(t, attempts, e.Attempts)
	require.Equal(t, last, e.Last)
	require.Equal(t, cause, e.Cause)
	require.Len(t, e.History, min(attempts, 8))
	if attempts > 0 {
		require.Equal(t, last, e.History[len(e.History)-1])
	}
	return e
}

func seconds(s ...float64) []time.Duration {
	d := make([]time.Duration, len(s))
	for i := range s {
		d[i] = time.Duration(s[i] * float64(time.Second))
	}
	return d
}

func TestPausesGrowUpToTheMaximum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fn, calls := failing(5, errFlaky)
		p := retry.Policy{MaxAttempts: 6, BaseDelay: time.Second, MaxDelay: 5 * time.Second, Jitter: retry.NoJitter}
		require.NoError(t, retry.Do(t.Context(), p, fn))
		require.Equal(t, seconds(0, 1, 3, 7, 12, 17), *calls)
	})
}

func TestGivesUpWithoutALastPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fn, calls := failing(9, errFlaky)
		start := time.Now()
		err := retry.Do(t.Context(), retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}, fn)
		require.Equal(t, seconds(0, 1, 3), *calls)
		require.Equal(t, 3*time.Second, time.Since(start))
		requireError(t, err, 3, errFlaky, nil)
		require.ErrorIs(t, err, errFlaky)
		require.EqualError(t, err, "after 3 attempts: flaky")
	})
}

func TestNoPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fn, calls := failing(1000, errFlaky)
		p := retry.Policy{MaxAttempts: -1, BaseDelay: -1}
		require.NoError(t, retry.Do(t.Context(), p, fn))
		require.Len(t, *calls, 1001)
		require.Zero(t, (*calls)[1000])
	})
}

func TestContextThatHasEndedMakesNoAttempt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fn, calls := failing(0, nil)
	err := retry.Do(ctx, retry.Policy{}, fn)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "retry: not attempted: context canceled")
	require.Empty(t, *calls)
}

func TestCancelDuringThePauseEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		fn, calls := failing(9, errFlaky)
		start := time.Now()
		err := retry.Do(ctx, retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}, fn)
		require.Equal(t, 1500*time.Millisecond, time.Since(start))
		require.Equal(t, seconds(0, 1), *calls)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errFlaky)
		require.EqualError(t, err, "after 2 attempts: flaky (context canceled)")
	})
}

func TestCancelAtTheInstantThePauseEnds(t *testing.T) {
	for range 50 { // both timers fire at once: either order may come
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			timer := time.AfterFunc(time.Second, cancel)
			defer timer.Stop()
			fn, calls := failing(9, errFlaky)
			p := retry.Policy{MaxAttempts: 2, BaseDelay: time.Second, Jitter: retry.NoJitter}
			err := retry.Do(ctx, p, fn)
			var e *retry.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, len(*calls), e.Attempts)
			require.Equal(t, errFlaky, e.Last)
			if len(*calls) == 1 {
				require.Equal(t, context.Canceled, e.Cause)
			}
		})
	}
}

func TestPauseUntilTheDeadlineIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		fn, calls := failing(9, errFlaky)
		start := time.Now()
		err := retry.Do(ctx, retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}, fn)
		require.Equal(t, time.Second, time.Since(start), "the pause of 2s is not begun")
		require.Equal(t, seconds(0, 1), *calls)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, errFlaky)
	})
}

func TestAttemptTimeoutIsToldFromTheCallersCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		p := retry.Policy{AttemptTimeout: time.Second, BaseDelay: -1}
		hang := func(ctx context.Context) error {
			attempts++
			<-ctx.Done()
			return ctx.Err()
		}
		start := time.Now()
		err := retry.Do(t.Context(), p, hang)
		require.Equal(t, 3*time.Second, time.Since(start))
		requireError(t, err, 3, context.DeadlineExceeded, nil)

		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		err = retry.Do(ctx, p, hang)
		requireError(t, err, 2, context.DeadlineExceeded, context.DeadlineExceeded)

		// The attempt can tell too.
		retry.Do(t.Context(), p, func(ctx context.Context) error {
			<-ctx.Done()
			require.Equal(t, retry.ErrAttemptTimeout, context.Cause(ctx))
			require.ErrorIs(t, context.Cause(ctx), context.DeadlineExceeded)
			return retry.Permanent(ctx.Err())
		})
		var timeout interface{ Timeout() bool }
		require.ErrorAs(t, retry.ErrAttemptTimeout, &timeout)
		require.True(t, timeout.Timeout())
		require.EqualError(t, retry.ErrAttemptTimeout, "retry: the attempt took longer than AttemptTimeout")
	})
}

func TestPermanentEndsTheAttempts(t *testing.T) {
	fn, calls := failing(9, fmt.Errorf("read: %w", retry.Permanent(io.ErrUnexpectedEOF)))
	err := retry.Do(t.Context(), retry.Policy{BaseDelay: -1}, fn)
	require.Len(t, *calls, 1)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	bare, _ := failing(9, retry.Permanent(errFlaky))
	require.EqualError(t, retry.Do(t.Context(), retry.Policy{}, bare), "after 1 attempt: flaky")
	require.NoError(t, retry.Permanent(nil))
	require.NoError(t, retry.After(nil, time.Second))
}

func TestInnerPermanentDoesNotEndAnOuterDo(t *testing.T) {
	outer := 0
	err := retry.Do(t.Context(), retry.Policy{BaseDelay: -1}, func(ctx context.Context) error {
		outer++
		inner := retry.Do(ctx, retry.Policy{}, func(context.Context) error {
			return fmt.Errorf("wrapped: %w", retry.Permanent(errFlaky))
		})
		return errors.Join(inner, errors.New("inner failed"))
	})
	require.Equal(t, 3, outer)
	require.ErrorIs(t, err, errFlaky)

	outer = 0
	retry.Do(t.Context(), retry.Policy{BaseDelay: -1}, func(context.Context) error {
		outer++
		return errors.Join(errFlaky, retry.Permanent(&retry.Error{Last: errFlaky}))
	})
	require.Equal(t, 1, outer, "the outer's own mark")
}

func TestAfterSetsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fn, calls := failing(1, retry.After(errFlaky, 4*time.Second))
		require.NoError(t, retry.Do(t.Context(), retry.Policy{BaseDelay: time.Hour, MaxDelay: time.Hour}, fn))
		require.Equal(t, seconds(0, 4), *calls)

		fn, calls = failing(1, retry.After(errFlaky, time.Hour))
		require.NoError(t, retry.Do(t.Context(), retry.Policy{MaxDelay: 10 * time.Second}, fn))
		require.Equal(t, seconds(0, 10), *calls, "bounded by MaxDelay")

		fn, calls = failing(1, retry.After(errFlaky, 4*time.Second))
		require.NoError(t, retry.Do(t.Context(), retry.Policy{BaseDelay: -1}, fn))
		require.Equal(t, seconds(0, 4), *calls, "although the policy has no pauses")
	})
}

func TestRetryableDecides(t *testing.T) {
	p := retry.Policy{BaseDelay: -1, Retryable: func(err error) bool { return errors.Is(err, errFlaky) }}
	fn, calls := failing(9, io.EOF)
	require.ErrorIs(t, retry.Do(t.Context(), p, fn), io.EOF)
	require.Len(t, *calls, 1)
	fn, calls = failing(1, errFlaky)
	require.NoError(t, retry.Do(t.Context(), p, fn))
	require.Len(t, *calls, 2)
}

func TestPanicsPassThrough(t *testing.T) {
	require.PanicsWithValue(t, "boom", func() {
		retry.Do(t.Context(), retry.Policy{AttemptTimeout: time.Hour}, func(context.Context) error { panic("boom") })
	})
}

func TestMisusePanics(t *testing.T) {
	for want, p := range map[string]retry.Policy{
		"retry: negative MaxDelay":       {MaxDelay: -1},
		"retry: Multiplier below 1":      {Multiplier: 0.5},
		"retry: unknown Jitter":          {Jitter: 4},
		"retry: negative MaxElapsed":     {MaxElapsed: -1},
		"retry: negative AttemptTimeout": {AttemptTimeout: -1},
	} {
		require.PanicsWithValue(t, want, func() { retry.Do(t.Context(), p, nil) })
		require.PanicsWithValue(t, want, func() { p.Attempts(t.Context()) })
		require.PanicsWithValue(t, want, func() { (&retry.Transport{Policy: p}).RoundTrip(nil) })
	}
	require.PanicsWithValue(t, "retry: Multiplier below 1", func() { retry.Do(t.Context(), retry.Policy{Multiplier: math.NaN()}, nil) })
}
