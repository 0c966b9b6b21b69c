package tokenbucket_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// A reservation of more than the burst has become keeps its time.
func TestBurstBelowAReservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 5, tokenbucket.Initial(0))
		r := b.Reserve(5)
		at := r.At()
		b.SetBurst(2)
		require.Equal(t, at, r.At())
		start := time.Now()
		require.NoError(t, b.Take(t.Context(), 1))
		require.Equal(t, 6*time.Second, time.Since(start))
	})
}

func TestReservations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 3)
		now, later := b.Reserve(3), b.Reserve(2)
		require.True(t, now.OK() && later.OK())
		require.Zero(t, now.Delay())
		require.Equal(t, 2*time.Second, later.Delay())
		require.False(t, b.Reserve(4).OK())
		require.False(t, tokenbucket.Reservation{}.OK())
		tokenbucket.Reservation{}.Cancel()
		time.Sleep(time.Second)
		require.Equal(t, time.Second, later.Delay())
		require.False(t, b.TryTake(1), "the token belongs to the reservation")
		done := make(chan time.Time, 1)
		go func() {
			require.NoError(t, b.Take(t.Context(), 1))
			done <- time.Now()
		}()
		synctest.Wait()
		copied := later
		later.Cancel()
		copied.Cancel()
		require.Equal(t, time.Now(), <-done, "those behind are served")
		require.Zero(t, b.Tokens())
		time.Sleep(3 * time.Second)
		require.EqualValues(t, 3, b.Tokens())
		require.True(t, b.TryTake(2))
		now.Cancel()
		require.EqualValues(t, 1, b.Tokens(), "it has grown again since")
	})
}

func TestReservationThatIsTooOldToCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 5)
		r := b.Reserve(3)
		require.True(t, b.TryTake(2))
		time.Sleep(4 * time.Second)
		r.Cancel()
		require.EqualValues(t, 4, b.Tokens())
	})
}

// golang/go#69419: in any order, and whatever else was taken meanwhile, within the
// third of a second in which the bucket can make up for a token.
func TestCancellingAllReservationsEqualsNeverHavingMadeThem(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for i := range 1000 / slowdown {
		rate := []float64{3, math.Pi, 1. / 7, math.E * 1e7}[i%4] // the last is no simple fraction
		second := int(3e9 / rate)
		synctest.Test(t, func(t *testing.T) {
			b, never := tokenbucket.New(rate, 5), tokenbucket.New(rate, 5)
			var reservations []tokenbucket.Reservation
			time.Sleep(time.Duration(rng.IntN(1000)))
			for range 12 {
				if n := rng.IntN(4); rng.IntN(3) > 0 {
					if r := b.Reserve(n); r.OK() && r.Delay() < time.Duration(second) {
						reservations = append(reservations, r)
					} else {
						r.Cancel()
					}
				} else if b.TryTake(n) {
					require.True(t, never.TryTake(n))
				}
				if rng.IntN(2) == 0 { // else several at the same nanosecond
					time.Sleep(time.Duration(rng.IntN(second/50 + 1)))
				}
			}
			rng.Shuffle(len(reservations), func(i, j int) {
				reservations[i], reservations[j] = reservations[j], reservations[i]
			})
			for _, r := range reservations {
				r.Cancel()
			}
			require.Equal(t, never.Tokens(), b.Tokens())
			require.Equal(t, never.TryTake(5), b.TryTake(5))
		})
	}
}
