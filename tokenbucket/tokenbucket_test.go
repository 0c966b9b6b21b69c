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
func TestRateIsRoundedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(3, 1)
		start := time.Now()
		for range 3001 {
			require.NoError(t, b.Take(t.Context(), 1))
		}
		require.Equal(t, 3000*333_333_334*time.Nanosecond, time.Since(start))
	})
}

func TestTokensNeverExceedTheBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(10, 3)
		time.Sleep(1000 * time.Hour)
		require.Equal(t, 3, b.Tokens())
		require.True(t, b.TryTake(3))
		require.False(t, b.TryTake(1))
		require.True(t, b.TryTake(0))
		time.Sleep(100*time.Millisecond - time.Nanosecond)
		require.Zero(t, b.Tokens())
		require.False(t, b.TryTake(1))
		time.Sleep(time.Nanosecond)
		require.Equal(t, 1, b.Tokens())
		require.True(t, b.TryTake(1))
	})
}

// At most burst + rate*span, with many goroutines that take and cancel.
func TestAdmittedWithinTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, burst, span = 50, 5, 10 * time.Second
		b := tokenbucket.New(rate, burst)
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		var admitted atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for ctx.Err() == nil {
					one, cancel := context.WithTimeout(ctx, time.Duration(i+1)*37*time.Millisecond)
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
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
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
		require.Equal(t, 2, b.Tokens())

		require.True(t, b.TryTake(2))
		ctx, cancel = context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, b.Take(ctx, 2), context.DeadlineExceeded)
		require.Equal(t, 1, b.Tokens())
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
		require.Equal(t, 1, b.Tokens())
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
		require.Equal(t, 2, b.Tokens())
	})
	synctest.Test(t, func(t *testing.T) { // an hour earlier
		require.Equal(t, 2, b.Tokens())
		time.Sleep(time.Second)
		require.Equal(t, 3, b.Tokens())
	})
}

func TestMisusePanics(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
		require.PanicsWithValue(t, "tokenbucket: rate not positive", func() { tokenbucket.New(rate, 1) })
	}
	require.PanicsWithValue(t, "tokenbucket: burst below 1", func() { tokenbucket.New(1, 0) })
	require.PanicsWithValue(t, "tokenbucket: filling the bucket takes more than a century",
		func() { tokenbucket.New(1e-9, 4) })
	b := tokenbucket.New(1, 1)
	require.PanicsWithValue(t, "tokenbucket: negative number of tokens", func() { b.TryTake(-1) })
	require.PanicsWithValue(t, "tokenbucket: negative number of tokens", func() { b.Take(t.Context(), -1) })
	require.Equal(t, 1, b.Tokens())
}

// FuzzModel compares TryTake and Tokens with a bucket kept in the obvious way:
// exact integer thousandths of a token.
func FuzzModel(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0x80, 0x91, 1, 0xff, 3, 3})
	f.Fuzz(func(t *testing.T, ops []byte) {
		synctest.Test(t, func(t *testing.T) {
			const burst = 7
			b := tokenbucket.New(10, burst) // a token takes 100 ms
			level := time.Duration(burst) * 100 * time.Millisecond
			for _, op := range ops {
				if op&0x80 != 0 {
					d := time.Duration(op&0x7f) * 13 * time.Millisecond
					time.Sleep(d)
					level = min(level+d, burst*100*time.Millisecond)
				} else {
					need := time.Duration(op%10) * 100 * time.Millisecond
					ok := need <= level
					require.Equal(t, ok, b.TryTake(int(op%10)))
					if ok {
						level -= need
					}
				}
				require.Equal(t, int(level/(100*time.Millisecond)), b.Tokens())
			}
		})
	})
}

func TestString(t *testing.T) {
	require.Equal(t, "rate=10/s burst=3 tokens=3", tokenbucket.New(10, 3).String())
	require.Equal(t, "rate=+Inf/s burst=1 tokens=1", tokenbucket.New(math.Inf(1), 1).String())
}

func ExampleBucket() {
	bucket := tokenbucket.New(100, 2) // a hundred a second, two at once
	start := time.Now()
	for range 4 {
		if err := bucket.Take(context.Background(), 1); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Two came from the burst, two had to grow for 10 ms each.
	fmt.Println(time.Since(start) >= 20*time.Millisecond)
	// Output: true
}
