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
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if free.Take(ctx, 1) != nil || empty.TryTake(1) {
			t.Error("one is free, one is empty")
		}
	}))
}
