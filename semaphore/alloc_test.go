//go:build !race

package semaphore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore"
)

func TestNoAllocationsWithoutWaiting(t *testing.T) {
	sem := semaphore.NewWeighted(1)
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if sem.Acquire(ctx, 1) != nil || sem.TryAcquire(1) {
			t.Error("one unit")
		}
		sem.Release(1)
	}))
}
