package tokenbucket_test

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/tokenbucket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBurstThenRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(10, 3)
		start := time.Now()
		for i := range 8 {
			require.NoError(t, b.Take(t.Context(), 1))
			require.Equal(t, time.Duration(max(0, i-2))*100*time.Millisecond, time.Since(start))
		}
	})
}

// A third of a second is no whole number of nanoseconds.
func TestThirdsOfASecondAreExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(3, 1)
		start := time.Now()
		for range 3001 {
			require.NoError(t, b.Take(t.Context(), 1))
		}
		require.Equal(t, 1000*time.Second, time.Since(start))
	})
}

func TestTokensNeverExceedTheBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(10, 3)
		time.Sleep(1000 * time.Hour)
		require.EqualValues(t, 3, b.Tokens())
		require.True(t, b.TryTake(3))
		require.False(t, b.TryTake(1))
		require.True(t, b.TryTake(0))
		time.Sleep(100*time.Millisecond - time.Nanosecond)
		require.InDelta(t, 1, b.Tokens(), 1e-7)
		require.Less(t, b.Tokens(), 1.0)
		require.False(t, b.TryTake(1))
		time.Sleep(time.Nanosecond)
		require.EqualValues(t, 1, b.Tokens())
		require.True(t, b.TryTake(1))
	})
}

// At most burst + rate*span, with many goroutines that take and cancel.
func TestAdmittedWithinTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, burst, span = 50, 5, 10 * time.Second
		b := tokenbucket.New(rate, burst)
		// No deadlines: they would make Take fail at once.
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(span, cancel)
		var admitted atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for ctx.Err() == nil {
					one, cancel := context.WithCancel(ctx)
					time.AfterFunc(time.Duration(i+1)*37*time.Millisecond, cancel)
					if b.Take(one, i%3+1) == nil {
						admitted.Add(int64(i%3 + 1))
					}
					cancel()
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, admitted.Load(), int64(burst+rate*10))
		require.Greater(t, admitted.Load(), int64(rate*10)-5, "and none is lost")
	})
}

func TestNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(math.Inf(1), 1)
		start := time.Now()
		for range 1000 {
			require.NoError(t, b.Take(t.Context(), 1))
		}
		require.Zero(t, time.Since(start))
		require.EqualValues(t, 1, b.Tokens())
	})
}
