package tokenbucket_test

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// Dropping keys changes no decision: it is the same as a bucket for each key that
// is never dropped.
func TestKeyedAgainstBuckets(t *testing.T) {
	for _, rate := range []float64{0, 1, 3, math.Pi, tokenbucket.Inf} {
		synctest.Test(t, func(t *testing.T) {
			const burst, keys = 3, 3000
			k := tokenbucket.NewKeyed[int](rate, burst)
			buckets := make([]*tokenbucket.Bucket, keys)
			for i := range buckets {
				buckets[i] = tokenbucket.New(rate, burst)
			}
			rng := rand.New(rand.NewPCG(7, 8))
			for range 100_000 / slowdown {
				key, n := rng.IntN(keys), rng.IntN(5)
				if rng.IntN(2) == 0 {
					key %= 30
				}
				require.Equal(t, buckets[key].TryTake(n), k.TryTake(key, n))
				if rng.IntN(20) == 0 {
					require.InDelta(t, buckets[key].Tokens(), k.Tokens(key), 1e-6)
				}
				time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
				if rng.IntN(5000) == 0 {
					time.Sleep(time.Duration(rng.IntN(100)) * time.Hour)
				}
			}
			if rate > 0 {
				time.Sleep(time.Minute)
				require.Zero(t, k.Len())
			}
		})
	}
}

func TestMillionKeys(t *testing.T) {
	const keys = 1_000_000 / slowdown
	synctest.Test(t, func(t *testing.T) {
		heap := func() float64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return float64(m.HeapAlloc)
		}
		before := heap()
		k := tokenbucket.NewKeyed[int](1, 2)
		for key := range keys {
			require.True(t, k.TryTake(key, 2))
		}
		for key := range keys {
			require.False(t, k.TryTake(key, 1))
		}
		require.Equal(t, keys, k.Len())
		require.Less(t, (heap()-before)/keys, 32.0, "bytes for a key")
		// Others come, ten times as many: the memory is that of those that are not full.
		for key := keys; key < 11*keys; key++ {
			if key%keys == 0 {
				time.Sleep(2 * time.Second)
			}
			if !k.TryTake(key, 1) {
				t.Fatal(key)
			}
		}
		require.Less(t, (heap()-before)/keys, 64.0, "bytes for a key")
		time.Sleep(2 * time.Second)
		require.Zero(t, k.Len())
		require.Less(t, heap()-before, 100_000.0, "nobody is left")
		require.True(t, k.TryTake(0, 2))
	})
}

func TestKeyedTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := tokenbucket.NewKeyed[string](1, 2)
		ctx := t.Context()
		start := time.Now()
		require.NoError(t, k.Take(ctx, "a", 2))
		require.NoError(t, k.Take(ctx, "b", 2))
		require.ErrorIs(t, k.Take(ctx, "a", 3), tokenbucket.ErrTooLarge)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, k.Take(ended, "c", 1), context.Canceled)
		short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		var late *tokenbucket.DeadlineError
		require.ErrorAs(t, k.Take(short, "a", 1), &late)
		require.Equal(t, start.Add(time.Second), late.RetryAt)
		order := make(chan string, 3)
		for _, name := range []string{"first", "second", "third"} {
			go func() {
				require.NoError(t, k.Take(ctx, "a", 1))
				order <- name + " " + time.Since(start).String()
			}()
			synctest.Wait()
		}
		require.Equal(t, tokenbucket.KeyedStats{Rate: 1, Burst: 2, Keys: 2, Waiting: 3}, k.Stats())
		require.False(t, k.TryTake("a", 0), "others wait")
		require.Zero(t, k.Tokens("a"))
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, 0.5, k.Tokens("a"))
		require.Equal(t, "first 1s", <-order)
		require.Equal(t, "second 2s", <-order)
		require.Equal(t, "third 3s", <-order)
		require.Zero(t, k.Tokens("a"), "as before, in the table again")
		require.False(t, k.TryTake("a", 1))
		require.True(t, k.TryTake("b", 2))
		time.Sleep(2 * time.Second)
		require.Zero(t, k.Len())
	})
}

func TestKeyedTakeOfWhatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Others take at the same time, so that a call finds any state.
		k := tokenbucket.NewKeyed[int](1000, 5)
		var taken atomic.Int64
		var wg sync.WaitGroup
		start := time.Now()
		for i := range 20 {
			wg.Go(func() {
				for range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Millisecond)
					if k.Take(ctx, i%2, i%3+1) == nil {
						taken.Add(int64(i%3 + 1))
					} else {
						time.Sleep(time.Millisecond)
					}
					cancel()
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, float64(taken.Load()), 2*(5+1000*time.Since(start).Seconds()))
		time.Sleep(time.Second)
		require.Zero(t, k.Len())
	})
}

func TestKeyedInTwoBubbles(t *testing.T) {
	k := tokenbucket.NewKeyed[int](1, 4)
	for _, advance := range []time.Duration{time.Hour, 0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(advance)
			for k.TryTake(1, 1) {
			}
			start := time.Now()
			require.NoError(t, k.Take(t.Context(), 1, 2))
			require.Equal(t, 2*time.Second, time.Since(start))
			time.Sleep(3 * time.Second)
			require.EqualValues(t, 3, k.Tokens(1))
		})
		synctest.Test(t, func(t *testing.T) { // the clock goes back
			require.EqualValues(t, 3, k.Tokens(1))
			time.Sleep(time.Second)
			require.EqualValues(t, 4, k.Tokens(1))
		})
	}
}

func TestKeyedLargestBurst(t *testing.T) {
	k := tokenbucket.NewKeyed[int](1e-9, math.MaxInt)
	require.True(t, k.TryTake(1, 1<<60))
	require.False(t, k.TryTake(1, 1))
	require.False(t, k.TryTake(2, math.MaxInt), "a burst above 2^60 counts as that")
}

// The units are out of room after 26 days at this rate, and a bucket takes 13 days.
func TestKeyedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day, rate = 24 * time.Hour, 1e12
		k := tokenbucket.NewKeyed[int](rate, 1<<60)
		for range 3 {
			time.Sleep(25 * day)
			for key := range 100 {
				require.True(t, k.TryTake(key, 1<<60))
			}
			done := make(chan time.Time, 1)
			go func() {
				require.NoError(t, k.Take(t.Context(), 0, rate*86400*3))
				done <- time.Now()
			}()
			start := time.Now()
			time.Sleep(2 * day)
			for key := 1; key < 100; key++ {
				require.EqualValues(t, rate*86400*2, k.Tokens(key))
			}
			require.Equal(t, start.Add(3*day), <-done)
			require.Zero(t, k.Tokens(0))
		}
	})
}

func TestKeyedParallel(t *testing.T) {
	const goroutines, keys, burst = 8, 500, 10
	k := tokenbucket.NewKeyed[int](0, burst)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range burst {
				for key := range keys {
					if k.TryTake(key, 1) {
						taken.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, keys*burst, taken.Load())
	require.Equal(t, "rate=0/s burst=10 keys=500 waiting=0", k.String())
	require.Equal(t, "[rate=0 burst=10 keys=500 waiting=0]", k.LogValue().String())
}
