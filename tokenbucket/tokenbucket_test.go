package tokenbucket_test

import (
	"context"
	"fmt"
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

func TestWaitersAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 4)
		require.True(t, b.TryTake(4))
		start := time.Now()
		order := make(chan string, 2)
		take := func(name string, n int) {
			go func() {
				require.NoError(t, b.Take(t.Context(), n))
				order <- fmt.Sprint(name, " ", time.Since(start))
			}()
			synctest.Wait()
		}
		take("large", 4)
		take("small", 1)
		time.Sleep(2 * time.Second)
		require.False(t, b.TryTake(1), "two tokens are there, but others wait for their turn")
		require.Equal(t, "large 4s", <-order)
		require.Equal(t, "small 5s", <-order)
	})
}

func TestCancellingTheHeadServesThoseWhoFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 4)
		require.True(t, b.TryTake(4))
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2500*time.Millisecond, cancel)
		go b.Take(ctx, 4)
		synctest.Wait()
		for range 2 {
			go func() { require.NoError(t, b.Take(t.Context(), 1)) }()
			synctest.Wait()
		}
		require.NoError(t, b.Take(t.Context(), 1))
		require.Equal(t, 3*time.Second, time.Since(start), "two at 2.5s, this one when the next token comes")
	})
}

func TestFailedTakesConsumeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 2)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, b.Take(ctx, 1), context.Canceled)
		require.ErrorIs(t, b.Take(t.Context(), 3), tokenbucket.ErrTooLarge)
		require.False(t, b.TryTake(3))
		require.EqualValues(t, 2, b.Tokens())

		require.True(t, b.TryTake(2))
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		require.ErrorIs(t, b.Take(ctx, 2), context.Canceled)
		require.EqualValues(t, 1, b.Tokens())
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

// A bubble's clock starts in the year 2000: entering it moves the bucket's
// clock, and leaving it moves the clock back. Neither may mint tokens beyond
// the burst nor stop the bucket.
func TestOneBucketInTwoBubbles(t *testing.T) {
	b := tokenbucket.New(1, 2)
	for _, advance := range []time.Duration{time.Hour, 0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(advance)
			for b.TryTake(1) {
			}
			start := time.Now()
			require.NoError(t, b.Take(t.Context(), 2))
			require.Equal(t, 2*time.Second, time.Since(start))
		})
	}
}

// A timer of a bubble must not be set anew outside of it.
func TestWaitInABubbleAndThenOutside(t *testing.T) {
	b := tokenbucket.New(1000, 1)
	wait := func(t *testing.T) {
		for b.TryTake(1) {
		}
		require.NoError(t, b.Take(t.Context(), 1))
	}
	synctest.Test(t, wait)
	wait(t)
}

func TestClockThatWentBackMintsNothing(t *testing.T) {
	var b *tokenbucket.Bucket
	synctest.Test(t, func(t *testing.T) {
		b = tokenbucket.New(1, 5)
		time.Sleep(time.Hour)
		require.True(t, b.TryTake(5))
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 2, b.Tokens())
	})
	synctest.Test(t, func(t *testing.T) { // an hour earlier
		require.EqualValues(t, 2, b.Tokens())
		time.Sleep(time.Second)
		require.EqualValues(t, 3, b.Tokens())
	})
}

// Nor does it freeze the bucket, if nobody has looked at the clock since.
func TestClockThatWentBackFreezesNothing(t *testing.T) {
	b := tokenbucket.New(1, 5)
	synctest.Test(t, func(t *testing.T) {
		require.True(t, b.TryTake(0))
		time.Sleep(time.Hour)
		require.True(t, b.TryTake(5))
	})
	synctest.Test(t, func(t *testing.T) {
		require.False(t, b.TryTake(1))
		time.Sleep(time.Second)
		require.True(t, b.TryTake(1))
		require.False(t, b.TryTake(1))
	})
}

func TestMisusePanics(t *testing.T) {
	b := tokenbucket.New(1, 1)
	const rate = "tokenbucket: rate negative or not a number"
	for _, r := range []float64{-1, math.NaN(), math.Inf(-1)} {
		require.PanicsWithValue(t, rate, func() { tokenbucket.New(r, 1) })
		require.PanicsWithValue(t, rate, func() { tokenbucket.NewKeyed[int](r, 1) })
		require.PanicsWithValue(t, rate, func() { b.SetRate(r) })
	}
	const burst = "tokenbucket: burst below 1"
	require.PanicsWithValue(t, burst, func() { tokenbucket.New(1, 0) })
	require.PanicsWithValue(t, burst, func() { tokenbucket.NewKeyed[int](1, 0) })
	require.PanicsWithValue(t, burst, func() { b.SetBurst(0) })
	k := tokenbucket.NewKeyed[int](1, 1)
	for _, call := range []func(){
		func() { b.TryTake(-1) },
		func() { b.Take(t.Context(), -1) },
		func() { b.Reserve(-1) },
		func() { b.Refund(-1) },
		func() { tokenbucket.TakeAll(t.Context(), -1, b) },
		func() { tokenbucket.Initial(-1) },
		func() { k.TryTake(1, -1) },
		func() { k.Take(t.Context(), 1, -1) },
	} {
		require.PanicsWithValue(t, "tokenbucket: negative number of tokens", call)
	}
	require.PanicsWithValue(t, "tokenbucket: a key that was dropped would not start full again",
		func() { tokenbucket.NewKeyed[int](1, 1, tokenbucket.Initial(0)) })
	require.Equal(t, tokenbucket.Stats{Rate: 1, Burst: 1, Tokens: 1}, b.Stats())
}

func TestString(t *testing.T) {
	require.Equal(t, "rate=10/s burst=3 tokens=3", tokenbucket.New(10, 3).String())
	require.Equal(t, "rate=+Inf/s burst=1 tokens=1", tokenbucket.New(math.Inf(1), 1).String())
}
