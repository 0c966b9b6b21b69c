package tokenbucket_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

func TestTakeAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, all := tokenbucket.New(1, 1), tokenbucket.New(2, 4)
		ctx := t.Context()
		start := time.Now()
		for i := range 5 {
			require.NoError(t, tokenbucket.TakeAll(ctx, 1, host, all, host))
			require.Equal(t, time.Duration(i)*time.Second, time.Since(start))
		}
		require.EqualValues(t, 3, all.Tokens())

		require.ErrorIs(t, tokenbucket.TakeAll(ctx, 2, all, host), tokenbucket.ErrTooLarge)
		short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		other := tokenbucket.New(0.1, 1, tokenbucket.Initial(0))
		var late *tokenbucket.DeadlineError
		require.ErrorAs(t, tokenbucket.TakeAll(short, 1, host, other, all), &late)
		require.Equal(t, time.Now().Add(10*time.Second), late.RetryAt, "the latest of all")
		ended, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, tokenbucket.TakeAll(ended, 1, all), context.Canceled)
		require.EqualValues(t, 3, all.Tokens(), "nothing was taken")
		require.NoError(t, tokenbucket.TakeAll(ctx, 1))
	})
}

// The first bucket has granted its token when the call gives up: it comes back.
func TestTakeAllThatGivesUp(t *testing.T) {
	for _, end := range []string{"cancel", "burst"} {
		synctest.Test(t, func(t *testing.T) {
			first, second := tokenbucket.New(1, 2, tokenbucket.Initial(1)), tokenbucket.New(1e-3, 2, tokenbucket.Initial(0))
			third := tokenbucket.New(1e-3, 2, tokenbucket.Initial(0))
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error)
			go func() { result <- tokenbucket.TakeAll(ctx, 2, first, second, third) }()
			time.Sleep(30 * time.Second)
			require.Zero(t, third.Stats().Tokens-second.Stats().Tokens)
			if end == "cancel" {
				cancel()
				require.ErrorIs(t, <-result, context.Canceled)
			} else {
				second.SetBurst(1)
				require.ErrorIs(t, <-result, tokenbucket.ErrTooLarge)
			}
			require.EqualValues(t, 2, first.Tokens())
			require.InDelta(t, 0.03, third.Tokens(), 1e-9)
			require.Zero(t, first.Stats().Waiting+second.Stats().Waiting+third.Stats().Waiting)
			cancel()
		})
	}
}

// Nor does it wait for the first, if it can never get what it wants from the second.
func TestTakeAllFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := tokenbucket.New(0, 2, tokenbucket.Initial(0)), tokenbucket.New(0, 2, tokenbucket.Initial(0))
		third := tokenbucket.New(1, 2)
		result := make(chan error, 1)
		go func() { result <- tokenbucket.TakeAll(t.Context(), 2, first, second, third) }()
		synctest.Wait()
		second.SetBurst(1)
		synctest.Wait()
		require.Len(t, result, 1)
		require.ErrorIs(t, <-result, tokenbucket.ErrTooLarge)
		require.Zero(t, first.Stats().Waiting)
		require.EqualValues(t, 2, third.Tokens())
	})
}

// Tokens that a call has from one bucket while it waits for another are not made up
// for in the meantime: else that bucket would let more through than its burst when
// such calls go on.
func TestTakeAllKeepsToTheBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hosts, burst = 3, 4
		all := tokenbucket.New(1, burst)
		ctx, cancel := context.WithCancel(t.Context())
		var taken atomic.Int64
		for i := range hosts + 1 {
			go func() {
				host := tokenbucket.New(0.01, 1, tokenbucket.Initial(0))
				if i == hosts {
					require.ErrorIs(t, tokenbucket.TakeAll(ctx, 1, host, all), context.Canceled)
				} else if tokenbucket.TakeAll(t.Context(), 1, host, all) == nil {
					taken.Add(1)
				}
			}()
		}
		time.Sleep(50 * time.Second)
		require.Zero(t, all.Tokens(), "all four are set aside")
		all.Refund(4)
		require.False(t, all.TryTake(1))
		cancel()
		synctest.Wait()
		require.EqualValues(t, 1, all.Tokens())
		require.True(t, all.TryTake(1))
		all.SetRate(0.5)
		time.Sleep(50 * time.Second)
		synctest.Wait()
		require.EqualValues(t, hosts, taken.Load())
		require.EqualValues(t, burst-hosts, all.Tokens(), "and not more")
		time.Sleep(2 * time.Second)
		require.EqualValues(t, burst-hosts+1, all.Tokens())
	})
}

// What is set aside is not missing, so that it cannot be given back.
func TestRefundBesideTakeAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, all := tokenbucket.New(1e-3, 2, tokenbucket.Initial(0)), tokenbucket.New(1, 4)
		go tokenbucket.TakeAll(t.Context(), 2, host, all)
		synctest.Wait()
		require.True(t, all.TryTake(2))
		go func() { require.NoError(t, all.Take(t.Context(), 2)) }()
		synctest.Wait()
		all.Refund(9)
		synctest.Wait()
		require.Equal(t, tokenbucket.Stats{Rate: 1, Burst: 4}, all.Stats(), "two for the one, two for the other")
		host.SetRate(tokenbucket.Inf)
		synctest.Wait()
	})
}

func TestTakeAllInEveryOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buckets := []*tokenbucket.Bucket{tokenbucket.New(10, 1), tokenbucket.New(20, 2), tokenbucket.New(30, 3)}
		var taken atomic.Int64
		for range 30 {
			go func() {
				mine := append([]*tokenbucket.Bucket(nil), buckets...)
				rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
				if tokenbucket.TakeAll(t.Context(), 1, mine...) == nil {
					taken.Add(1)
				}
			}()
		}
		time.Sleep(2900 * time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 30, taken.Load(), "as fast as the slowest")
	})
}
