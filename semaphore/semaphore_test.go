package semaphore_test

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/semaphore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLimitHoldsUnderContention(t *testing.T) {
	const limit, goroutines, rounds = 4, 16, 500
	sem := semaphore.NewWeighted(limit)
	var held, most atomic.Int64
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			n := int64(i%limit + 1)
			for range rounds {
				if sem.Acquire(context.Background(), n) != nil {
					return
				}
				most.Store(max(most.Load(), held.Add(n)))
				held.Add(-n)
				sem.Release(n)
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, most.Load(), int64(limit))
	require.Equal(t, semaphore.Stats{Limit: limit}, sem.Stats())
}

func TestDoneContextTakesNothing(t *testing.T) {
	sem := semaphore.NewWeighted(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, sem.Acquire(ctx, 1), context.Canceled)
	require.ErrorIs(t, sem.Acquire(ctx, 2), context.Canceled)
	require.Zero(t, sem.Stats().InUse)
}

// endsSoon is a context that has ended when it is asked the second time.
type endsSoon struct {
	context.Context
	asked atomic.Bool
}

func (c *endsSoon) Err() error {
	if c.asked.Swap(true) {
		return context.Canceled
	}
	return nil
}

func TestContextThatEndsBeforeTheCallParks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(1)
		require.True(t, sem.TryAcquire(1))
		require.ErrorIs(t, sem.Acquire(&endsSoon{Context: context.Background()}, 1), context.Canceled)
	})
}

func TestTooLargeFailsAtOnce(t *testing.T) {
	sem := semaphore.NewWeighted(2)
	require.ErrorIs(t, sem.Acquire(t.Context(), 3), semaphore.ErrTooLarge)
	require.False(t, sem.TryAcquire(math.MaxInt64))
	require.Zero(t, sem.Stats().InUse)
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(1)
		require.NoError(t, sem.Acquire(t.Context(), 1))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, sem.Acquire(ctx, 1), context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, semaphore.Stats{Limit: 1, InUse: 1}, sem.Stats())
	})
}

// acquire starts an Acquire that is parked, or done, when it returns.
func acquire(ctx context.Context, sem *semaphore.Weighted, n int64) (done *atomic.Bool) {
	done = new(atomic.Bool)
	go func() {
		if sem.Acquire(ctx, n) == nil {
			done.Store(true)
		}
	}()
	synctest.Wait()
	return done
}

func TestOneReleaseWakesAllWhoFitAndNoneEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(4)
		require.True(t, sem.TryAcquire(4))
		a, b, large, small := acquire(t.Context(), sem, 1), acquire(t.Context(), sem, 2),
			acquire(t.Context(), sem, 4), acquire(t.Context(), sem, 1)
		sem.Release(4)
		synctest.Wait()
		require.Equal(t, []bool{true, true, false, false},
			[]bool{a.Load(), b.Load(), large.Load(), small.Load()})
		require.Equal(t, semaphore.Stats{Limit: 4, InUse: 3, Waiting: 2}, sem.Stats())
		require.False(t, sem.TryAcquire(1), "a unit is free, but others wait for their turn")

		// The large one is served although every Release is smaller.
		sem.Release(1)
		sem.Release(1)
		synctest.Wait()
		require.False(t, large.Load())
		sem.Release(1)
		synctest.Wait()
		require.True(t, large.Load())
		sem.Release(4)
		synctest.Wait()
		require.True(t, small.Load())
	})
}

func TestCancellingTheHeadWakesThoseWhoFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(2)
		require.True(t, sem.TryAcquire(1))
		ctx, cancel := context.WithCancel(t.Context())
		head, next := acquire(ctx, sem, 2), acquire(t.Context(), sem, 1)
		require.False(t, next.Load())
		cancel()
		synctest.Wait()
		require.False(t, head.Load())
		require.True(t, next.Load())
	})
}

func TestWaiterOfWeightZeroNeedsNoFreeUnit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sem := semaphore.NewWeighted(1)
		require.True(t, sem.TryAcquire(1))
		ctx, cancel := context.WithCancel(t.Context())
		head, zero := acquire(ctx, sem, 1), acquire(t.Context(), sem, 0)
		require.False(t, zero.Load(), "not before its turn")
		cancel()
		synctest.Wait()
		require.False(t, head.Load())
		require.True(t, zero.Load())
	})
}

// A waiter whose context has ended bars nobody, even before it has left: neither
// a newcomer nor those behind it.
func TestEndedWaitersBarNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			sem := semaphore.NewWeighted(3)
			require.True(t, sem.TryAcquire(1))
			ctx, cancel := context.WithCancel(t.Context())
			head, next := acquire(ctx, sem, 3), acquire(t.Context(), sem, 1)
			cancel()
			require.True(t, sem.TryAcquire(1), "two units are free, and the next takes one")
			synctest.Wait()
			require.False(t, head.Load())
			require.True(t, next.Load())
		}
	})
}

func TestGrantAndCancelTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			sem := semaphore.NewWeighted(1)
			require.True(t, sem.TryAcquire(1))
			ctx, cancel := context.WithCancel(t.Context())
			first, second := acquire(ctx, sem, 1), acquire(t.Context(), sem, 1)
			go cancel()
			go sem.Release(1)
			synctest.Wait()
			require.NotEqual(t, first.Load(), second.Load(), "exactly one of them has the unit")
			require.EqualValues(t, 1, sem.Stats().InUse)
			if first.Load() {
				sem.Release(1)
				synctest.Wait()
			}
			require.True(t, second.Load())
		}
	})
}

func TestMisusePanicsAndChangesNothing(t *testing.T) {
	require.PanicsWithValue(t, "semaphore: negative limit", func() { semaphore.NewWeighted(-1) })
	sem := semaphore.NewWeighted(math.MaxInt64)
	require.True(t, sem.TryAcquire(math.MaxInt64))
	before := sem.Stats()
	require.PanicsWithValue(t, "semaphore: negative weight", func() { sem.Acquire(t.Context(), -1) })
	require.PanicsWithValue(t, "semaphore: negative weight", func() { sem.TryAcquire(-1) })
	require.PanicsWithValue(t, "semaphore: negative weight", func() { sem.Release(-1) })
	require.Equal(t, before, sem.Stats())
	require.False(t, sem.TryAcquire(math.MaxInt64))
	sem.Release(math.MaxInt64)
	require.PanicsWithValue(t, "semaphore: released more than held", func() { sem.Release(1) })
	require.Zero(t, sem.Stats().InUse)
}

func TestOneSemaphoreInTwoBubbles(t *testing.T) {
	sem := semaphore.NewWeighted(1)
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			require.True(t, sem.TryAcquire(1))
			done := acquire(t.Context(), sem, 1)
			sem.Release(1)
			synctest.Wait()
			require.True(t, done.Load())
			sem.Release(1)
		})
	}
}
