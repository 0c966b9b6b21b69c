//go:build !race

package tokenbucket_test

import (
	"math"
	"testing"

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

// A waiter with its claim, its channel and the timer.
func TestFewAllocationsToWait(t *testing.T) {
	b := tokenbucket.New(1e5, 1)
	ctx := t.Context()
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if b.Take(ctx, 1) != nil {
			t.Error("a turn comes")
		}
	}), 5.0)
}

func TestOneAllocationForAReservation(t *testing.T) {
	b := tokenbucket.New(1, 1)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { b.Reserve(1).Cancel() }), 1.0)
}
