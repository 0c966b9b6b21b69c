//go:build !race

package tokenbucket_test

import (
	"context"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

func TestNoAllocationsWithoutWaiting(t *testing.T) {
	free, empty := tokenbucket.New(math.Inf(1), 1), tokenbucket.New(1e-3, 1)
	require.True(t, empty.TryTake(1))
	other := tokenbucket.New(1e9, 1_000_000)
	keyed := tokenbucket.NewKeyed[int](1e-3, 1_000_000)
	require.True(t, keyed.TryTake(1, 1))
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if free.Take(ctx, 1) != nil || empty.TryTake(1) {
			t.Error("one is free, one is empty")
		}
		if other.Take(ctx, 1) != nil || tokenbucket.TakeAll(ctx, 1, free, other) != nil {
			t.Error("both are free")
		}
		other.Refund(1)
		if keyed.Take(ctx, 1, 1) != nil || keyed.TryTake(1, math.MaxInt) {
			t.Error("one was free")
		}
	}))
}

// parking returns how many objects are allocated for a call of take that parks.
func parking(t *testing.T, rounds int, take func() error) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		if take() != nil {
			t.Error("a turn comes")
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(rounds)
}

// A call that parks allocates the channel that it parks on and the timer. Neither
// can be kept for the next call, which may be in another bubble; the rest is kept.
// Where others wait, the timer is there already.
func TestParkingAllocatesTwice(t *testing.T) {
	const rounds = 2000
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1e3, 1, tokenbucket.Initial(0))
		k := tokenbucket.NewKeyed[int](1e3, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ctx.Done() // is made by the first one who asks
		start := time.Now()
		perPark := parking(t, rounds, func() error { return b.Take(ctx, 1) })
		require.InDelta(t, 2, perPark, 0.1)
		require.Equal(t, rounds*time.Millisecond, time.Since(start), "they all parked")
		first := math.Inf(1) // the runtime may need a goroutine for the timer now and then
		for range 10 {
			fresh := tokenbucket.New(1e3, 1, tokenbucket.Initial(0))
			first = min(first, parking(t, 1, func() error { return fresh.Take(ctx, 1) }))
		}
		require.LessOrEqual(t, first, 2.0, "the first call for a bucket too")

		require.NoError(t, k.Take(ctx, 1, 1))
		require.NoError(t, k.Take(ctx, 1, 1)) // makes the bucket of the shard
		perPark = parking(t, rounds, func() error { return k.Take(ctx, 1, 1) })
		require.InDelta(t, 2, perPark, 0.1)

		var wg sync.WaitGroup
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 2 {
			wg.Go(func() {
				for range rounds {
					if b.Take(ctx, 1) != nil {
						t.Error("a turn comes")
					}
				}
			})
		}
		wg.Wait()
		runtime.ReadMemStats(&after)
		require.Less(t, float64(after.Mallocs-before.Mallocs)/(2*rounds), 1.1, "the channel")
	})
	// Outside of bubbles, at a rate at which most calls park.
	b := tokenbucket.New(1e4, 1)
	require.LessOrEqual(t, parking(t, 100, func() error { return b.Take(t.Context(), 1) }), 2.5)
}

// Not even if others are reserved, and the oldest become too old to be cancelled.
func TestNoAllocationsForReservations(t *testing.T) {
	b := tokenbucket.New(1, 1)
	require.Zero(t, testing.AllocsPerRun(100, func() { b.Reserve(1).Cancel() }))
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 10)
		last := b.Reserve(1)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			kept := b.Reserve(1)
			b.Reserve(1).Cancel()
			last.Cancel()
			last = kept
			time.Sleep(time.Second)
		}))
	})
}
