package verify

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/interleave-go/interleave/tokenbucket"
)

// TestBucketAgainstXTime runs the same calls on a bucket and on a limiter of
// golang.org/x/time/rate. They answer alike but for differences that are intended:
//
//   - A limiter counts in float64, and a bucket in units of a fraction of its rate, to
//     which a change of the rate rounds. A token can come some nanoseconds earlier
//     or later: a run ends where that makes a difference to an answer.
//   - Tokens of a limiter goes below zero while reservations are pending. A bucket
//     never holds less than nothing.
//   - To cancel a reservation gives a limiter back only what later ones have not
//     taken, and nothing once it could act. Here each is cancelled at once or never.
//   - A limiter that had no limit is empty afterwards; a bucket is full. Here neither
//     ever has none.
//   - A Wait of a limiter whose rate is raised, or one of whose predecessors gives up,
//     sleeps on. That is tested in the package itself.
func TestBucketAgainstXTime(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	rates := []float64{0.7, 1, 3, 10, 123.4}
	const close = 1e-5 // tokens
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			r, burst := rates[rng.IntN(len(rates))], 1+rng.IntN(9)
			ours, theirs := tokenbucket.New(r, burst), rate.NewLimiter(rate.Limit(r), burst)
			pending := time.Now()
			for range 200 {
				n := rng.IntN(burst + 2)
				switch rng.IntN(8) {
				case 0, 1, 2:
					if math.Abs(theirs.Tokens()-float64(n)) < close && ours.Tokens() != float64(n) {
						return
					}
					require.Equal(t, theirs.AllowN(time.Now(), n), ours.TryTake(n))
				case 3:
					a, b := ours.Reserve(n), theirs.ReserveN(time.Now(), n)
					require.Equal(t, b.OK(), a.OK())
					if !a.OK() {
						break
					}
					require.InDelta(t, b.Delay(), a.Delay(), close/r*1e9)
					if a.Delay() > 0 && rng.IntN(2) == 0 {
						a.Cancel()
						b.Cancel()
					} else if a.At().After(pending) {
						pending = a.At()
					}
				case 4:
					if pending.After(time.Now()) {
						break // promises were made at the old rate
					}
					r = rates[rng.IntN(len(rates))]
					ours.SetRate(r)
					theirs.SetLimit(rate.Limit(r))
				case 5:
					if pending.After(time.Now()) {
						break
					}
					burst = 1 + rng.IntN(9)
					ours.SetBurst(burst)
					theirs.SetBurst(burst)
				default:
					time.Sleep(time.Duration(rng.Float64() * 2e9 / r))
				}
				if !pending.After(time.Now()) {
					require.InDelta(t, max(0, theirs.Tokens()), ours.Tokens(), close)
				}
			}
		})
	}
}
