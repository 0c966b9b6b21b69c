package retry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

var eager = retry.Policy{BaseDelay: -1} // three attempts, no pauses

// call makes an outer Do around an inner one whose function always fails, and
// returns how often that was called.
func call(ctx context.Context, outer, inner retry.Policy, wrap func(error) error) (calls, rounds int, err error) {
	err = retry.Do(ctx, outer, func(ctx context.Context) error {
		rounds++
		return wrap(retry.Do(ctx, inner, func(context.Context) error {
			calls++
			return errFlaky
		}))
	})
	return calls, rounds, err
}

func same(err error) error { return err }

func TestNestedDoDoesNotMultiplyAttempts(t *testing.T) {
	attempts := func(n int) retry.Policy { return retry.Policy{MaxAttempts: n, BaseDelay: -1} }
	timed := attempts(4)
	timed.AttemptTimeout = time.Hour
	hidden := func(err error) error { return fmt.Errorf("%v", err) }
	wrapped := func(err error) error { return errors.Join(errors.New("more"), fmt.Errorf("wrapped: %w", err)) }
	for name, tc := range map[string]struct {
		outer, inner  retry.Policy
		wrap          func(error) error
		calls, rounds int
	}{
		"as many":          {attempts(3), attempts(3), same, 3, 1},
		"fewer inside":     {attempts(5), attempts(2), same, 5, 4},
		"more inside":      {attempts(2), attempts(4), same, 4, 1},
		"wrapped":          {attempts(5), attempts(2), wrapped, 5, 4},
		"error not shown":  {attempts(3), attempts(3), hidden, 5, 3},
		"with a timeout":   {timed, attempts(2), same, 4, 3},
		"one attempt each": {attempts(1), attempts(1), same, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, ctx := range []context.Context{context.Background(), t.Context()} {
				calls, rounds, err := call(ctx, tc.outer, tc.inner, tc.wrap)
				require.Equal(t, tc.calls, calls)
				require.Equal(t, tc.rounds, rounds)
				require.Equal(t, rounds, err.(*retry.Error).Attempts)
			}
		})
	}
}

func TestNestedDoMultipliesIfAsked(t *testing.T) {
	inner := eager
	inner.Nested = true
	calls, rounds, _ := call(t.Context(), eager, inner, same)
	require.Equal(t, 9, calls)
	require.Equal(t, 3, rounds)
}

func TestThreeLevelsDoNotMultiply(t *testing.T) {
	calls := 0
	retry.Do(t.Context(), eager, func(ctx context.Context) error {
		_, _, err := call(ctx, eager, eager, func(err error) error { calls++; return err })
		return err
	})
	require.Equal(t, 1, calls)
	calls = 0
	retry.Do(t.Context(), eager, func(ctx context.Context) error {
		n, _, err := call(ctx, eager, eager, func(err error) error { return errors.New(err.Error()) })
		calls += n
		return errors.New(err.Error())
	})
	require.Equal(t, 3+1+1+1+1, calls, "the sum, even where no error says what was done")
}

// The context of an attempt is the caller's in everything else.
func TestContextOfAnAttempt(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, 1))
	defer cancel()
	n := 0
	err := retry.Do(ctx, eager, func(attempt context.Context) error {
		require.Equal(t, 1, attempt.Value(key{}))
		require.Equal(t, ctx.Done(), attempt.Done())
		if n++; n == 2 {
			cancel()
			require.ErrorIs(t, attempt.Err(), context.Canceled)
		}
		return errFlaky
	})
	requireError(t, err, 2, errFlaky, context.Canceled)
}

// An inner Do that has made several attempts and then meets something permanent
// does not keep the outer one from trying.
func TestInnerPermanentAfterFailuresDoesNotEndAnOuterDo(t *testing.T) {
	rounds := 0
	retry.Do(t.Context(), eager, func(ctx context.Context) error {
		rounds++
		n := 0
		return retry.Do(ctx, eager, func(context.Context) error {
			if n++; n == 3 {
				return retry.Permanent(errFlaky)
			}
			return errFlaky
		})
	})
	require.Equal(t, 3, rounds)
}
