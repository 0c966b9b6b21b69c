package retry_test

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// spend makes n calls that fail until they must not be retried, and returns how
// many attempts were retries.
func spend(t *testing.T, b *retry.Budget, n int, cause error) (retries int) {
	t.Helper()
	for range n {
		err := retry.Do(t.Context(), retry.Policy{MaxAttempts: -1, BaseDelay: -1, Budget: b},
			func(context.Context) error { return errFlaky })
		e := err.(*retry.Error)
		require.Equal(t, cause, e.Cause)
		retries += e.Attempts - 1
	}
	return retries
}

func TestBudgetAllowsAFractionOfTheRequests(t *testing.T) {
	b := retry.NewBudget(0.1, 0)
	require.Equal(t, 10, spend(t, b, 100, retry.ErrBudget))
	require.Equal(t, 1, spend(t, b, 10, retry.ErrBudget), "a tenth of ten is one, exactly")
	require.Equal(t, retry.BudgetStats{Requests: 110, Retries: 11, Refused: 110}, b.Stats())
	require.Equal(t, "requests=110 retries=11 refused=110 allowed=0", b.Stats().String())
	require.Equal(t, "[requests=110 retries=11 refused=110 allowed=0]", b.Stats().LogValue().String())

	succeed := func(context.Context) error { return nil }
	for range 100_000 {
		retry.Do(t.Context(), retry.Policy{Budget: b}, succeed)
	}
	require.EqualValues(t, 100, b.Stats().Allowed, "the share of a thousand requests is saved, no more")
	for a := range (retry.Policy{Budget: b}).Attempts(t.Context()) {
		a.Fail(nil)
	}
	require.EqualValues(t, 100_111, b.Stats().Requests)
	require.Zero(t, spend(t, retry.NewBudget(0, 0), 5, retry.ErrBudget))

	small := retry.NewBudget(0.0001, 0) // saves up to a whole one
	for range 20_000 {
		retry.Do(t.Context(), retry.Policy{Budget: small}, succeed)
	}
	require.EqualValues(t, 1, small.Stats().Allowed)
}

func TestBudgetAllowsSoManyPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := retry.NewBudget(0, 4)
		require.Equal(t, 4, spend(t, b, 3, retry.ErrBudget))
		time.Sleep(250*time.Millisecond - 1)
		require.Zero(t, spend(t, b, 3, retry.ErrBudget))
		time.Sleep(time.Nanosecond)
		require.Equal(t, 1, spend(t, b, 3, retry.ErrBudget))
		time.Sleep(time.Hour)
		require.EqualValues(t, 4, b.Stats().Allowed, "of one second, however long it was idle")
		require.Equal(t, 4, spend(t, b, 3, retry.ErrBudget))

		slow := retry.NewBudget(0, 0.1)
		require.Equal(t, 1, spend(t, slow, 3, retry.ErrBudget))
		time.Sleep(10*time.Second - 1)
		require.Zero(t, spend(t, slow, 3, retry.ErrBudget))
		time.Sleep(time.Nanosecond)
		require.Equal(t, 1, spend(t, slow, 3, retry.ErrBudget))
	})
}

func TestBudgetAtTheEndsOfItsRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := retry.NewBudget(math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64)
		require.Equal(t, 1, spend(t, never, 3, retry.ErrBudget))
		time.Sleep(50 * 365 * 24 * time.Hour)
		require.Zero(t, spend(t, never, 3, retry.ErrBudget))
		always := retry.NewBudget(math.MaxInt32, math.Inf(1))
		for range 1000 {
			fn, _ := failing(9, errFlaky)
			require.NoError(t, retry.Do(t.Context(), retry.Policy{MaxAttempts: 10, BaseDelay: -1, Budget: always}, fn))
		}
	})
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1), math.MaxInt64} {
		require.PanicsWithValue(t, "retry: invalid fraction of a budget", func() { retry.NewBudget(bad, 0) })
	}
	for _, bad := range []float64{-1, math.NaN()} {
		require.PanicsWithValue(t, "retry: invalid rate of a budget", func() { retry.NewBudget(0, bad) })
	}
}

// The clock of a bubble is another one: that it goes back allows nothing, and does
// not stop the budget.
func TestOneBudgetInTwoBubbles(t *testing.T) {
	b := retry.NewBudget(0, 1)
	require.LessOrEqual(t, spend(t, b, 1, retry.ErrBudget), 1)
	for i := range 3 {
		synctest.Test(t, func(t *testing.T) {
			b.Stats() // looks at the clock
			spend(t, b, 1, retry.ErrBudget)
			require.Zero(t, spend(t, b, 1, retry.ErrBudget))
			time.Sleep(time.Duration(10-i) * time.Second) // so that the next one begins before
			require.Equal(t, 1, spend(t, b, 3, retry.ErrBudget))
		})
	}
}

// A retry that was allowed and is not made since the context ended is given back.
func TestRetryThatIsNotMadeCostsNothing(t *testing.T) {
	for _, b := range []*retry.Budget{retry.NewBudget(1, 0), retry.NewBudget(0, 1)} {
		synctest.Test(t, func(t *testing.T) {
			b.Stats()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			p := retry.Policy{BaseDelay: time.Minute, Jitter: retry.NoJitter, Budget: b}
			requireError(t, retry.Do(ctx, p, func(context.Context) error { return errFlaky }), 1, errFlaky, context.Canceled)
			require.Equal(t, retry.BudgetStats{Requests: 1, Allowed: 1}, b.Stats())
		})
	}
}

// What time has allowed stays so: given back as something that requests have allowed,
// seconds could be saved up.
func TestRetryThatIsNotMadeIsGivenBackToWhereItCameFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := retry.NewBudget(0.5, 1)
		b.Stats()
		p := retry.Policy{BaseDelay: time.Minute, Jitter: retry.NoJitter, Budget: b}
		abandon := func() {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			retry.Do(ctx, p, func(context.Context) error { return errFlaky })
		}
		for range 10 {
			abandon()
		}
		require.Equal(t, retry.BudgetStats{Requests: 10, Allowed: 5 + 1}, b.Stats())
		// The one of the second has been used: now they are those of requests.
		retries := 0
		p.OnRetry = func(context.Context, int, error, time.Duration) { retries++ }
		p.BaseDelay, p.MaxAttempts = -1, 7
		retry.Do(t.Context(), p, func(context.Context) error { return errFlaky })
		require.Equal(t, 6, retries)
		require.Equal(t, retry.BudgetStats{Requests: 11, Retries: 6}, b.Stats())
		retry.Do(t.Context(), retry.Policy{Budget: b}, func(context.Context) error { return nil })
		ctx, cancel := context.WithCancel(t.Context())
		p.OnRetry = func(context.Context, int, error, time.Duration) { cancel() }
		retry.Do(ctx, p, func(context.Context) error { return errFlaky })
		require.Equal(t, retry.BudgetStats{Requests: 13, Retries: 6, Allowed: 1}, b.Stats())
	})
}

// Whatever the calls of many goroutines, there are never more retries than the
// budget allows.
func TestBudgetIsNeverOverspent(t *testing.T) {
	const workers, calls = 8, 2000
	b := retry.NewBudget(0.2, 0)
	var retries atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 1))
			p := retry.Policy{BaseDelay: -1, MaxAttempts: 5, Budget: b}
			for range calls {
				failures, attempts := rng.IntN(5), 0
				retry.Do(context.Background(), p, func(context.Context) error {
					if attempts++; attempts <= failures {
						return errFlaky
					}
					return nil
				})
				retries.Add(int64(max(0, attempts-1)))
			}
		})
	}
	wg.Wait()
	st := b.Stats()
	require.EqualValues(t, workers*calls, st.Requests)
	require.Equal(t, retries.Load(), st.Retries)
	require.LessOrEqual(t, st.Retries+st.Allowed, st.Requests/5)
	require.GreaterOrEqual(t, st.Retries, st.Requests/5-200, "nor is much of it lost: 200 at most could be saved")
	require.Positive(t, st.Refused)
}
