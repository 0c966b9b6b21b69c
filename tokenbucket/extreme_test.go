package tokenbucket_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// allowed returns the tokens that grow in a span.
func allowed(rate float64, span time.Duration) *big.Rat {
	n := new(big.Rat).SetFloat64(rate)
	return n.Mul(n, big.NewRat(int64(span), 1e9))
}

// A thousand million tokens, or as many as grow in a century, taken as soon as
// they are there: never one too many, and less than one too few.
func TestNoDrift(t *testing.T) {
	for _, rate := range []float64{1e-9, 1e-3, 0.3, 1. / 7, 1, 3, math.Pi, 999_983, 1e6 / 7, 123_456_789.1,
		100_000_001, 1e9, 1e9 + 1, 1e12 / 7, 1e12} {
		synctest.Test(t, func(t *testing.T) {
			const takes = 1000
			n := max(1, int(min(1e6, rate*3e9/takes)))
			b := tokenbucket.New(rate, n, tokenbucket.Initial(0))
			start, taken := time.Now(), 0
			for range min(takes, max(3, int(rate*3e9))) {
				require.NoError(t, b.Take(t.Context(), n))
				taken += n
			}
			most := allowed(rate, time.Since(start))
			most.Mul(most, new(big.Rat).SetFloat64(1+0x1p-51)) // what a float64 can tell
			require.LessOrEqual(t, big.NewRat(int64(taken), 1).Cmp(most), 0, "%v a second", rate)
			least := allowed(rate, time.Since(start)-time.Nanosecond)
			least.Sub(least, big.NewRat(1, 1))
			require.Positive(t, big.NewRat(int64(taken), 1).Cmp(least), "%v a second", rate)
		})
	}
}

func TestLargestBurst(t *testing.T) {
	for _, rate := range []float64{0, 1e-9, 1, math.Pi, 1e12} {
		synctest.Test(t, func(t *testing.T) {
			b := tokenbucket.New(rate, math.MaxInt)
			require.True(t, b.TryTake(math.MaxInt))
			require.False(t, b.TryTake(1))
			require.Zero(t, b.Tokens())
			b.Refund(math.MaxInt)
			b.Refund(math.MaxInt)
			require.EqualValues(t, float64(math.MaxInt), b.Tokens())
			for range 2 {
				require.True(t, b.TryTake(math.MaxInt/2))
			}
			require.True(t, b.TryTake(1))
			require.False(t, b.TryTake(1))
			if rate >= 1 {
				time.Sleep(time.Hour)
				grown := int(rate * 3600)
				require.True(t, b.TryTake(grown))
				require.False(t, b.TryTake(1))
				b.SetBurst(1)
				require.Zero(t, int(b.Tokens()))
				time.Sleep(time.Second)
				require.True(t, b.TryTake(1))
			}
		})
	}
}

// Ten tokens of 31 years each are more than a word can be ahead of the clock.
func TestSlowestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const token = 1e18 * time.Nanosecond
		b := tokenbucket.New(1e-9, 10)
		require.True(t, b.TryTake(9))
		require.True(t, b.TryTake(1))
		require.False(t, b.TryTake(1))
		start := time.Now()
		for i := range 3 {
			require.NoError(t, b.Take(t.Context(), 1))
			require.Equal(t, time.Duration(i+1)*token, time.Since(start))
		}
		require.Zero(t, b.Tokens())
	})
	require.False(t, tokenbucket.New(1e-300, 1, tokenbucket.Initial(0)).TryTake(1), "as good as zero")
	fast := tokenbucket.New(1e300, 2)
	require.True(t, fast.TryTake(2))
	require.False(t, fast.TryTake(3))
}

// More idle time than units can count, in steps and at once.
func TestIdleForLong(t *testing.T) {
	for _, rate := range []float64{1, math.Pi, 999_983, 1e12, math.E * 1e11} {
		synctest.Test(t, func(t *testing.T) {
			b := tokenbucket.New(rate, 3)
			k := tokenbucket.NewKeyed[int](rate, 3)
			for _, idle := range []time.Duration{4 * time.Second, time.Hour, 24 * time.Hour, 80 * 365 * 24 * time.Hour} {
				require.True(t, b.TryTake(3))
				require.False(t, b.TryTake(3))
				require.True(t, k.TryTake(1, 3))
				require.False(t, k.TryTake(1, 3))
				time.Sleep(idle)
			}
			require.EqualValues(t, 3, b.Tokens())
			require.EqualValues(t, 3, k.Tokens(1))
		})
	}
}

// A full bucket has its burst at any time, also between two units, and whenever it
// is emptied, no more comes than the rate allows from there.
func TestSpansThatBeginAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, rate := range []float64{3, 7.3, math.Pi, 1e6 / 7, math.E * 1e8, 1e9 + 1, 1e12 / 7} {
		synctest.Test(t, func(t *testing.T) {
			const burst = 3
			b := tokenbucket.New(rate, burst)
			for range 300 {
				time.Sleep(time.Duration(10*burst/rate*1e9) + time.Duration(1+rng.IntN(1000)))
				require.True(t, b.TryTake(burst))
				start, taken := time.Now(), 0
				for range 20 {
					time.Sleep(time.Duration(rng.Float64() / rate * 1e9))
					for b.TryTake(1) {
						taken++
					}
					most := allowed(rate, time.Since(start))
					most.Mul(most, new(big.Rat).SetFloat64(1+0x1p-51))
					require.LessOrEqual(t, big.NewRat(int64(taken), 1).Cmp(most), 0,
						"%d in %v at %v a second", taken, time.Since(start), rate)
				}
			}
		})
	}
}

// Real threads, whose readings of the clock come in any order.
func TestAdmittedInParallel(t *testing.T) {
	const burst, goroutines, tries = 100, 8, 20_000
	for _, rate := range []float64{1000, 1e6, 1e7 / 3} {
		b := tokenbucket.New(rate, burst)
		var taken atomic.Int64
		var wg sync.WaitGroup
		start := time.Now()
		for range goroutines {
			wg.Go(func() {
				for range tries / slowdown {
					if b.TryTake(1) {
						taken.Add(1)
					}
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, float64(taken.Load()), burst+rate*time.Since(start).Seconds())
		require.GreaterOrEqual(t, taken.Load(), int64(min(burst, goroutines*tries/slowdown)))
	}
}
