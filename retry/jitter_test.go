package retry_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// pauses returns the pauses between n failures and what comes after them.
func pauses(t *testing.T, p retry.Policy, n int) []time.Duration {
	t.Helper()
	fn, calls := failing(n, errFlaky)
	require.NoError(t, retry.Do(t.Context(), p, fn))
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = (*calls)[i+1] - (*calls)[i]
	}
	return list
}

// Each pause before jitter is 8 s. The mean and the variance, and how many are in
// each eighth of the range, tell the distributions apart.
func TestJitterDistributions(t *testing.T) {
	const rounds = 8000
	for name, tc := range map[string]struct {
		jitter    retry.Jitter
		low, high float64
	}{
		"full":  {retry.FullJitter, 0, 8},
		"equal": {retry.EqualJitter, 4, 8},
		"none":  {retry.NoJitter, 8, 8},
		// The first draw after a base of 8 s, which is [8, 24).
		"decorrelated": {retry.DecorrelatedJitter, 8, 24},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := retry.Policy{BaseDelay: 8 * time.Second, Jitter: tc.jitter, Rand: rand.New(rand.NewPCG(1, 2)).Int64N}
				var sum, squares float64
				var eighths [8]int
				for range rounds {
					pause := pauses(t, p, 1)[0].Seconds()
					require.True(t, pause >= tc.low && (pause < tc.high || tc.low == tc.high), "%v", pause)
					sum += pause
					squares += pause * pause
					if tc.high > tc.low {
						eighths[int((pause-tc.low)/(tc.high-tc.low)*8)]++
					}
				}
				mean, width := sum/rounds, tc.high-tc.low
				require.InDelta(t, (tc.low+tc.high)/2, mean, 5*width/math.Sqrt(12*rounds)+1e-9)
				require.InDelta(t, width*width/12, squares/rounds-mean*mean, 0.05*width*width/12+1e-6)
				for _, n := range eighths {
					if width > 0 {
						require.InDelta(t, rounds/8, n, 5*math.Sqrt(rounds/8))
					}
				}
			})
		})
	}
}

func TestSeedRepeatsPausesAndNoneIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := retry.Policy{MaxAttempts: -1}
		seeded := func() []time.Duration {
			p.Rand = rand.New(rand.NewPCG(3, 4)).Int64N
			return pauses(t, p, 20)
		}
		require.Equal(t, seeded(), seeded())
		p.Rand = nil
		require.NotEqual(t, pauses(t, p, 20), pauses(t, p, 20))
	})
}

// A draw of the decorrelated jitter depends on the one before, whatever that is.
func TestDecorrelatedJitterFollowsThePauseBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := retry.Policy{MaxAttempts: -1, BaseDelay: time.Second, MaxDelay: 20 * time.Second, Jitter: retry.DecorrelatedJitter}
		p.Rand = func(n int64) int64 { return n - 1 }
		grown := pauses(t, p, 4)
		for i := range grown { // one less than the end of each range
			grown[i] = grown[i].Round(time.Microsecond)
		}
		require.Equal(t, seconds(3, 9, 20, 20), grown)
		p.Rand = func(int64) int64 { return 0 }
		require.Equal(t, seconds(1, 1, 1), pauses(t, p, 3))

		p.Rand = rand.New(rand.NewPCG(5, 6)).Int64N
		previous, shrunk := time.Second, 0
		for _, pause := range pauses(t, p, 2000) {
			require.True(t, pause >= time.Second && pause <= min(3*previous, 20*time.Second), "%v after %v", pause, previous)
			if pause < previous {
				shrunk++
			}
			previous = pause
		}
		require.Greater(t, shrunk, 400, "it does not only grow")
	})
}

// A Rand that does not keep to its range cannot make a pause negative, nor longer
// than the maximum.
func TestRandOutOfItsRangeIsCut(t *testing.T) {
	for _, r := range []int64{math.MinInt64, -1, math.MaxInt64} {
		synctest.Test(t, func(t *testing.T) {
			for jitter := range retry.DecorrelatedJitter + 1 {
				p := retry.Policy{MaxAttempts: -1, MaxDelay: time.Minute, Jitter: jitter, Rand: func(int64) int64 { return r }}
				for _, pause := range pauses(t, p, 12) {
					require.True(t, pause >= 0 && pause <= time.Minute, "%v", pause)
				}
			}
		})
	}
}

// Whatever the fields and the attempt, the pause is in [0, MaxDelay]. It is looked
// at before it is slept, since a bubble's clock has an end.
func checkBounds(t *testing.T, base, limit int64, multiplier float64, jitter uint8, failures int) {
	if limit <= 0 || !(multiplier >= 1) || jitter > uint8(retry.DecorrelatedJitter) {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// What counts is the last pause; those before would be slept.
	p := retry.Policy{MaxAttempts: -1, BaseDelay: time.Duration(base), MaxDelay: time.Duration(limit),
		Multiplier: multiplier, Jitter: retry.Jitter(jitter),
		OnRetry: func(_ context.Context, attempt int, _ error, pause time.Duration) {
			if pause < 0 || pause > time.Duration(limit) {
				t.Errorf("pause %d after %d failures: base %d, limit %d, multiplier %v, jitter %d",
					pause, attempt, base, limit, multiplier, jitter)
			}
			if pause > 24*time.Hour || attempt == failures {
				cancel()
			}
		}}
	retry.Do(ctx, p, func(context.Context) error { return errFlaky })
}

func FuzzPauseIsWithinBounds(f *testing.F) {
	f.Add(int64(1), int64(math.MaxInt64), 1e300, uint8(0), uint8(5))
	f.Add(int64(math.MaxInt64), int64(1), 1.0, uint8(1), uint8(3))
	f.Add(int64(time.Second), int64(time.Minute), 2.0, uint8(2), uint8(8))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), 1.0, uint8(3), uint8(2))
	f.Fuzz(func(t *testing.T, base, limit int64, multiplier float64, jitter, failures uint8) {
		synctest.Test(t, func(t *testing.T) { checkBounds(t, base, limit, multiplier, jitter, int(failures%64)+1) })
	})
}

func TestPausesNearTheLargestDuration(t *testing.T) {
	edges := []int64{-1, 0, 1, 2, math.MaxInt64/3 - 1, math.MaxInt64 / 3, math.MaxInt64/3 + 1,
		math.MaxInt64 / 2, 1<<62 + 1, math.MaxInt64 - 1024, math.MaxInt64 - 1, math.MaxInt64}
	synctest.Test(t, func(t *testing.T) {
		for _, base := range edges {
			for _, limit := range edges {
				for _, multiplier := range []float64{1, math.Nextafter(1, 2), 2, 1e18, math.MaxFloat64, math.Inf(1)} {
					for jitter := range uint8(4) {
						checkBounds(t, base, limit, multiplier, jitter, 40)
					}
				}
			}
		}
	})
	// With no jitter it is exactly the maximum, after as many failures as you like.
	synctest.Test(t, func(t *testing.T) {
		p := retry.Policy{MaxAttempts: -1, BaseDelay: 1, MaxDelay: time.Second, Jitter: retry.NoJitter}
		all := pauses(t, p, 3000)
		require.Equal(t, time.Duration(1), all[0])
		require.Equal(t, time.Duration(2), all[1])
		require.Equal(t, time.Second, all[2999])
	})
}
