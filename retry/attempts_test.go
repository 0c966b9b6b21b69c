package retry_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

func TestAttemptsAreThoseOfDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var began []time.Duration
		var numbers []int
		var last *retry.Attempt
		p := retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter, AttemptTimeout: time.Minute}
		for a := range p.Attempts(t.Context()) {
			last = a
			require.NoError(t, a.Err(), "not over")
			began = append(began, time.Since(start))
			numbers = append(numbers, a.Number())
			deadline, _ := a.Context().Deadline()
			require.Equal(t, time.Minute, time.Until(deadline))
			a.Fail(errFlaky)
		}
		require.Equal(t, seconds(0, 1, 3), began)
		require.Equal(t, []int{1, 2, 3}, numbers)
		require.Equal(t, 3*time.Second, time.Since(start))
		requireError(t, last.Err(), 3, errFlaky, nil)
		require.Error(t, last.Context().Err(), "it has ended with the round")
	})
}

func TestAttemptsEndWithSuccess(t *testing.T) {
	succeeded := 0
	p := retry.Policy{BaseDelay: -1, Budget: retry.NewBudget(1, 1), OnSuccess: func(_ context.Context, n int) { succeeded = n }}
	var last *retry.Attempt
	seq := p.Attempts(t.Context())
	for range 2 { // each loop starts anew
		for a := range seq {
			last = a
			if a.Fail(errFlaky); a.Number() == 2 {
				a.Fail(nil)
			}
		}
		require.NoError(t, last.Err())
		require.Equal(t, 2, succeeded)
		require.Equal(t, 2, last.Number())
	}
	for a := range seq {
		last = a
		break
	}
	require.NoError(t, last.Err())
	require.Equal(t, 1, succeeded, "left without a failure")
}

func TestAttemptsThatAreLeftHaveFailed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last *retry.Attempt
	gaveUp := 0
	p := retry.Policy{BaseDelay: -1, OnGiveUp: func(context.Context, *retry.Error) { gaveUp++ }, Budget: retry.NewBudget(0, 0)}
	for a := range p.Attempts(ctx) {
		last = a
		a.Fail(retry.After(io.EOF, time.Hour))
		break
	}
	requireError(t, last.Err(), 1, io.EOF, nil)
	for a := range p.Attempts(ctx) {
		last = a
		a.Fail(io.EOF)
		cancel()
		break
	}
	requireError(t, last.Err(), 1, io.EOF, context.Canceled)
	require.Equal(t, 2, gaveUp)
	require.Equal(t, retry.BudgetStats{Requests: 2}, p.Budget.Stats())
	for range p.Attempts(ctx) {
		require.Fail(t, "the context has ended")
	}
	require.Equal(t, 3, gaveUp)
	last = nil
	require.EqualError(t, last.Err(), "retry: not attempted: the context had ended")
}

func TestAttemptsEndWithPermanentAndContext(t *testing.T) {
	var last *retry.Attempt
	for a := range eager.Attempts(t.Context()) {
		last = a
		a.Fail(retry.Permanent(io.EOF))
	}
	requireError(t, last.Err(), 1, io.EOF, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for a := range eager.Attempts(ctx) {
		last = a
		a.Fail(io.EOF)
		cancel()
	}
	requireError(t, last.Err(), 1, io.EOF, context.Canceled)
}

// A loop within a loop makes one attempt in each round after the first.
func TestNestedAttempts(t *testing.T) {
	calls := 0
	for outer := range eager.Attempts(t.Context()) {
		for inner := range eager.Attempts(outer.Context()) {
			calls++
			inner.Fail(errFlaky)
			outer.Fail(errFlaky)
		}
	}
	require.Equal(t, 3+1+1, calls)
}

func TestPanicInALoopPassesThroughAndEndsItsContext(t *testing.T) {
	var ctx context.Context
	require.PanicsWithValue(t, "boom", func() {
		for a := range (retry.Policy{AttemptTimeout: time.Hour}).Attempts(t.Context()) {
			ctx = a.Context()
			panic("boom")
		}
	})
	require.Error(t, ctx.Err())
}
