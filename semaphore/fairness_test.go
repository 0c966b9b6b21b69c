package semaphore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore"
)

// patience is the bound that the package comment states.
const patience = time.Millisecond

// A storm of small requests, each of which comes back for more the moment it
// has released. The large one waits until those before it have released, and
// after that no longer than the bound and one more hold.
func TestLargeRequestIsServedWithinTheBound(t *testing.T) {
	const limit, hold = 4, 100 * time.Microsecond
	for _, n := range []int64{1, 2, limit} {
		synctest.Test(t, func(t *testing.T) {
			sem := semaphore.NewWeighted(limit)
			ctx, stop := context.WithCancel(t.Context())
			var storm sync.WaitGroup
			for i := range 32 {
				storm.Go(func() {
					time.Sleep(time.Duration(i) * 3 * time.Microsecond) // they do not all release at once
					for sem.Acquire(ctx, 1) == nil {
						time.Sleep(hold)
						sem.Release(1)
					}
				})
			}
			time.Sleep(10 * time.Millisecond)
			for range 20 {
				start := time.Now()
				require.NoError(t, sem.Acquire(t.Context(), n))
				// 32 others may be in the queue before it, 4 of which are served
				// at a time.
				require.LessOrEqual(t, time.Since(start), patience+32/limit*hold+2*hold)
				sem.Release(n)
			}
			stop()
			storm.Wait()
		})
	}
}

// Waiters keep their order among themselves, both while they compete and when
// the bound has passed.
func TestWaitersAreServedInOrder(t *testing.T) {
	for _, age := range []time.Duration{0, 2 * patience} {
		synctest.Test(t, func(t *testing.T) {
			sem := semaphore.NewWeighted(1)
			require.True(t, sem.TryAcquire(1))
			var order []int
			for i := range 5 {
				go func() {
					if sem.Acquire(t.Context(), 1) == nil {
						order = append(order, i)
						sem.Release(1)
					}
				}()
				synctest.Wait()
			}
			time.Sleep(age)
			sem.Release(1)
			synctest.Wait()
			require.Equal(t, []int{0, 1, 2, 3, 4}, order)
		})
	}
}

// Of three units two are in use at most: a TryAcquire that fails has lost a
// race.
func TestTryAcquireFailsOnlyIfItIsImpossible(t *testing.T) {
	const rounds = 20_000
	sem := semaphore.NewWeighted(3)
	var wg sync.WaitGroup
	var failed atomic.Int64
	for range 3 {
		wg.Go(func() {
			for range rounds {
				if !sem.TryAcquire(1) {
					failed.Add(1)
					continue
				}
				sem.Release(1)
			}
		})
	}
	wg.Wait()
	require.Zero(t, failed.Load())
	require.Equal(t, semaphore.Stats{Limit: 3}, sem.Stats())
}
