package semaphore_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore"
)

func TestPermitIsReleasedOnce(t *testing.T) {
	sem := semaphore.NewWeighted(3)
	permit, err := sem.Hold(t.Context(), 2)
	require.NoError(t, err)
	copied := permit
	other, ok := sem.TryHold(1)
	require.True(t, ok)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(permit.Release)
		wg.Go(copied.Release)
	}
	wg.Wait()
	require.Equal(t, semaphore.Stats{Limit: 3, InUse: 1}, sem.Stats())
	// What served the released permit may serve the next one.
	for range 10 {
		next, err := sem.Hold(t.Context(), 2)
		require.NoError(t, err)
		permit.Release()
		copied.Release()
		require.EqualValues(t, 3, sem.Stats().InUse)
		next.Release()
	}
	other.Release()
	require.Zero(t, sem.Stats().InUse)
}

func TestFailedHoldCannotBeReleased(t *testing.T) {
	sem := semaphore.NewWeighted(2)
	require.True(t, sem.TryAcquire(2))
	permit, ok := sem.TryHold(1)
	require.False(t, ok)
	permit.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	permit, err := sem.Hold(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
	permit.Release()
	semaphore.Permit{}.Release()
	require.EqualValues(t, 2, sem.Stats().InUse)
}

func TestDoReleasesHoweverItEnds(t *testing.T) {
	sem := semaphore.NewWeighted(2)
	failure := errors.New("failed")
	require.ErrorIs(t, sem.Do(t.Context(), 2, func(context.Context) error {
		require.EqualValues(t, 2, sem.Stats().InUse)
		return failure
	}), failure)
	require.Zero(t, sem.Stats().InUse)
	require.PanicsWithValue(t, "bug", func() {
		_ = sem.Do(t.Context(), 1, func(context.Context) error { panic("bug") })
	})
	require.Zero(t, sem.Stats().InUse)
	require.ErrorIs(t, sem.Do(t.Context(), 3, func(context.Context) error {
		t.Error("called without its units")
		return nil
	}), semaphore.ErrTooLarge)
}
