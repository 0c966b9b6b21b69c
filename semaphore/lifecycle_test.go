package semaphore_test

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore"
)

// result starts a call that is parked, or done, when it returns.
func result(call func() error) (done <-chan error) {
	c := make(chan error, 1)
	go func() { c <- call() }()
	synctest.Wait()
	return c
}

func pending(t *testing.T, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		require.Fail(t, "not parked", "returned %v", err)
	default:
	}
}

func TestResizeUpServesThoseWhoFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(2)
		require.True(t, sem.TryAcquire(2))
		one, two := acquire(t.Context(), sem, 1), acquire(t.Context(), sem, 2)
		sem.Resize(4)
		synctest.Wait()
		require.True(t, one.Load())
		require.False(t, two.Load())
		sem.Resize(5)
		synctest.Wait()
		require.True(t, two.Load())
		require.Equal(t, semaphore.Stats{Limit: 5, InUse: 5}, sem.Stats())
	})
}

func TestResizeBelowWhatIsHeldTakesEffectAsUnitsComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(5)
		require.True(t, sem.TryAcquire(4))
		sem.Resize(2)
		require.Equal(t, semaphore.Stats{Limit: 2, InUse: 4}, sem.Stats())
		require.False(t, sem.TryAcquire(1))
		waiter := acquire(t.Context(), sem, 1)
		sem.Release(1)
		sem.Release(1)
		synctest.Wait()
		require.False(t, waiter.Load(), "two are held, as many as the limit")
		sem.Release(1)
		synctest.Wait()
		require.True(t, waiter.Load())
		require.Equal(t, semaphore.Stats{Limit: 2, InUse: 2}, sem.Stats())
		// What is held cannot be released twice, whatever the limit was.
		sem.Release(2)
		require.Panics(t, func() { sem.Release(1) })
		require.True(t, sem.TryAcquire(2))
		require.False(t, sem.TryAcquire(1))
	})
}

func TestResizeUpPaysTheDebtFirst(t *testing.T) {
	sem := semaphore.NewWeighted(6)
	require.True(t, sem.TryAcquire(6))
	sem.Resize(2)
	sem.Resize(5)
	require.False(t, sem.TryAcquire(1))
	sem.Resize(7)
	require.True(t, sem.TryAcquire(1))
	require.False(t, sem.TryAcquire(1))
	sem.Release(7)
	require.Equal(t, semaphore.Stats{Limit: 7}, sem.Stats())
}

func TestResizeJudgesWeightsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(4)
		require.True(t, sem.TryAcquire(4))
		large := result(func() error { return sem.Acquire(t.Context(), 3) })
		small := result(func() error { return sem.Acquire(t.Context(), 2) })
		other := result(func() error { return sem.Acquire(t.Context(), 4) })
		sem.Resize(2)
		synctest.Wait()
		require.ErrorIs(t, <-large, semaphore.ErrTooLarge)
		require.ErrorIs(t, <-other, semaphore.ErrTooLarge, "not only at the front")
		pending(t, small)
		require.ErrorIs(t, sem.Acquire(t.Context(), 3), semaphore.ErrTooLarge)
		sem.Release(4)
		require.NoError(t, <-small)
		sem.Resize(3)
		sem.Release(2)
		require.NoError(t, sem.Acquire(t.Context(), 3))
	})
}

func TestResizeAtTheEndsOfTheRange(t *testing.T) {
	sem := semaphore.NewWeighted(0)
	require.False(t, sem.TryAcquire(1))
	require.True(t, sem.TryAcquire(0))
	sem.Resize(math.MaxInt64)
	require.True(t, sem.TryAcquire(math.MaxInt64))
	require.False(t, sem.TryAcquire(1))
	sem.Resize(0)
	require.Equal(t, semaphore.Stats{InUse: math.MaxInt64}, sem.Stats())
	require.Panics(t, func() { sem.Resize(-1) })
	sem.Release(math.MaxInt64)
	require.Equal(t, semaphore.Stats{}, sem.Stats())
	sem.Resize(1)
	require.True(t, sem.TryAcquire(1))
}

func TestCloseFailsWaitersAndLaterCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(1)
		require.True(t, sem.TryAcquire(1))
		first := result(func() error { return sem.Acquire(t.Context(), 1) })
		second := result(func() error { return sem.Acquire(t.Context(), 1) })
		sem.Close()
		sem.Close()
		require.ErrorIs(t, <-first, semaphore.ErrClosed)
		require.ErrorIs(t, <-second, semaphore.ErrClosed)
		sem.Release(1)
		require.ErrorIs(t, sem.Acquire(t.Context(), 1), semaphore.ErrClosed)
		require.ErrorIs(t, sem.Acquire(t.Context(), 0), semaphore.ErrClosed)
		require.False(t, sem.TryAcquire(0))
		require.Panics(t, func() { sem.Release(1) })
		require.Equal(t, semaphore.Stats{Limit: 1, Closed: true}, sem.Stats())
		require.Equal(t, "limit=1 in_use=0 waiting=0 closed", sem.Stats().String())
	})
}

func TestDrainWaitsForTheLastUnit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(3)
		require.NoError(t, sem.Drain(t.Context()), "nothing is held")
		require.True(t, sem.TryAcquire(3))
		drain := result(func() error { return sem.Drain(t.Context()) })
		another := result(func() error { return sem.Drain(t.Context()) })
		sem.Release(2)
		synctest.Wait()
		pending(t, drain)
		require.True(t, sem.TryAcquire(1), "Drain keeps nobody from acquiring")
		sem.Close()
		sem.Release(1)
		synctest.Wait()
		pending(t, drain)
		sem.Release(1)
		require.NoError(t, <-drain)
		require.NoError(t, <-another)
	})
}

func TestDrainOfAnOpenSemaphore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(2)
		require.True(t, sem.TryAcquire(2))
		drain := result(func() error { return sem.Drain(t.Context()) })
		sem.Release(1)
		require.NoError(t, sem.Acquire(t.Context(), 1))
		sem.Release(1)
		synctest.Wait()
		pending(t, drain)
		sem.Release(1)
		require.NoError(t, <-drain)
		require.True(t, sem.TryAcquire(2))
	})
}

func TestDrainOfALoweredLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(3)
		require.True(t, sem.TryAcquire(3))
		sem.Resize(0)
		drain := result(func() error { return sem.Drain(t.Context()) })
		sem.Release(2)
		synctest.Wait()
		pending(t, drain)
		sem.Release(1)
		require.NoError(t, <-drain)
	})
}

func TestDrainEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(2)
		require.True(t, sem.TryAcquire(1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, sem.Drain(ctx), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		require.ErrorIs(t, sem.Drain(ctx), context.DeadlineExceeded, "a ctx that had ended")
		require.True(t, sem.TryAcquire(1))
		sem.Release(2)
		require.Equal(t, semaphore.Stats{Limit: 2}, sem.Stats())
	})
}

func TestMaxWaitersShedsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(1, semaphore.MaxWaiters(1))
		require.NoError(t, sem.Acquire(t.Context(), 1))
		ctx, cancel := context.WithCancel(t.Context())
		waiter := result(func() error { return sem.Acquire(ctx, 1) })
		require.ErrorIs(t, sem.Acquire(t.Context(), 1), semaphore.ErrFull)
		require.Equal(t, semaphore.Stats{Limit: 1, InUse: 1, Waiting: 1}, sem.Stats())
		cancel()
		require.ErrorIs(t, <-waiter, context.Canceled)
		waiter = result(func() error { return sem.Acquire(t.Context(), 1) })
		sem.Release(1)
		require.NoError(t, <-waiter, "the place is free again")

		none := semaphore.NewWeighted(1, semaphore.MaxWaiters(0))
		require.NoError(t, none.Acquire(t.Context(), 1))
		require.ErrorIs(t, none.Acquire(t.Context(), 1), semaphore.ErrFull)
	})
	require.PanicsWithValue(t, "semaphore: negative number of waiters", func() { semaphore.MaxWaiters(-1) })
}

func TestStatsAsText(t *testing.T) {
	sem := semaphore.NewWeighted(3)
	sem.TryAcquire(2)
	require.Equal(t, "limit=3 in_use=2 waiting=0", sem.Stats().String())
	require.Equal(t, []slog.Attr{slog.Int64("limit", 3), slog.Int64("in_use", 2),
		slog.Int("waiting", 0), slog.Bool("closed", false)}, sem.Stats().LogValue().Group())
}
