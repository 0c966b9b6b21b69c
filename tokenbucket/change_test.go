package tokenbucket_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// A rate of zero is not a turn that never comes: somebody may change it.
func TestRateOfZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(0, 2)
		require.True(t, b.TryTake(2))
		time.Sleep(1000 * time.Hour)
		require.False(t, b.TryTake(1))
		require.False(t, b.Reserve(1).OK())
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.ErrorIs(t, b.Take(ctx, 1), context.DeadlineExceeded)
		require.Equal(t, time.Hour, time.Since(start))
		time.AfterFunc(time.Hour, func() { b.SetRate(2) })
		require.NoError(t, b.Take(t.Context(), 1))
		require.Equal(t, 2*time.Hour+500*time.Millisecond, time.Since(start))
		b.SetRate(0)
		time.Sleep(time.Hour)
		require.Zero(t, b.Tokens())
	})
}

func TestInfIsNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(tokenbucket.Inf, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, b.Take(ctx, 1000), "the burst is none")
		require.True(t, b.TryTake(1000))
		r := b.Reserve(1000)
		require.True(t, r.OK())
		require.Zero(t, r.Delay())
		r.Cancel()
		b.Refund(5)
		b.SetBurst(2)
		require.NoError(t, tokenbucket.TakeAll(ctx, 5, b, b))
		require.Equal(t, "rate=+Inf/s burst=2 tokens=2", b.String())
		b.SetRate(1)
		require.EqualValues(t, 2, b.Tokens(), "full")
		require.True(t, b.TryTake(2))
		require.False(t, b.TryTake(1))
		go b.SetRate(tokenbucket.Inf)
		require.NoError(t, b.Take(t.Context(), 1))
	})
}

func TestChangesAreForThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 10, tokenbucket.Initial(0))
		start := time.Now()
		done := make(chan time.Duration, 3)
		take := func(n int) {
			go func() {
				require.NoError(t, b.Take(t.Context(), n))
				done <- time.Since(start)
			}()
			synctest.Wait()
		}
		take(4)
		take(2)
		take(10)
		require.Equal(t, 3, b.Stats().Waiting)
		time.Sleep(time.Second)
		b.SetRate(2) // 3 are missing for the first
		time.Sleep(time.Second)
		b.SetRate(0.5) // 1
		require.Equal(t, 4*time.Second, <-done)
		b.Refund(1) // of 2
		require.Equal(t, 6*time.Second, <-done)
		b.SetRate(1)
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 2, b.Tokens())
		b.SetBurst(20)
		require.EqualValues(t, 2, b.Tokens(), "a larger burst is no gift")
		require.Equal(t, 16*time.Second, <-done)
	})
}

func TestBurstBelowThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 5)
		require.True(t, b.TryTake(4))
		results := make(chan error, 2)
		for _, n := range []int{4, 2} {
			go func() { results <- b.Take(t.Context(), n) }()
			synctest.Wait()
		}
		start := time.Now()
		b.SetBurst(2)
		require.ErrorIs(t, <-results, tokenbucket.ErrTooLarge)
		require.NoError(t, <-results)
		require.Equal(t, time.Second, time.Since(start), "it had one of two")
		time.Sleep(time.Hour)
		require.EqualValues(t, 2, b.Tokens())
		b.SetBurst(1)
		require.EqualValues(t, 1, b.Tokens())
		b.SetBurst(3)
		require.EqualValues(t, 1, b.Tokens())
	})
}

// The end of its context came first, whoever is ahead of it.
func TestBurstBelowOneThatWasCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(0, 3, tokenbucket.Initial(0))
		go b.Take(t.Context(), 1)
		for range 20 {
			b.SetBurst(3)
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			synctest.Wait()
			go func() { result <- b.Take(ctx, 3) }()
			synctest.Wait()
			cancel()
			b.SetBurst(2)
			require.Equal(t, context.Canceled, <-result)
		}
		b.SetRate(1)
	})
}
