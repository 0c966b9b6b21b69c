package semaphore

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is the bound that the package comment states.
const patience = time.Millisecond

// These tests hold the mutex, so that a waiter that was called cannot run before
// they have done something else.

// parked returns a semaphore with one unit, which is held, and the results of
// calls that wait for it with the contexts.
func parked(contexts ...context.Context) (*Weighted, []chan error) {
	s := NewWeighted(1)
	s.TryAcquire(1)
	var results []chan error
	for _, ctx := range contexts {
		result := make(chan error, 1)
		go func() { result <- s.Acquire(ctx, 1) }()
		synctest.Wait()
		results = append(results, result)
	}
	return s, results
}

func (s *Weighted) releaseLocked(n int64) {
	s.state.Add(n)
	s.serveLocked()
}

func TestNewcomersOvertakeOnlyForTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, results := parked(t.Context())
		overtake := func() bool {
			s.mu.Lock()
			s.releaseLocked(1) // calls the waiter
			took := s.state.CompareAndSwap(1, 0)
			s.mu.Unlock()
			synctest.Wait() // the waiter runs, and parks again if it has lost
			return took
		}
		require.True(t, overtake())
		time.Sleep(patience)
		require.True(t, overtake(), "still within the bound")
		require.Empty(t, results[0])
		time.Sleep(time.Nanosecond)
		require.False(t, overtake(), "past the bound")
		require.NoError(t, <-results[0])
	})
}

func TestCalledWaiterThatIsCancelledPassesItsTurnOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 { // which of its two channels a waiter looks at is random
			ctx, cancel := context.WithCancel(t.Context())
			s, results := parked(ctx, t.Context())
			s.mu.Lock()
			s.releaseLocked(1)
			cancel()
			s.mu.Unlock()
			require.ErrorIs(t, <-results[0], context.Canceled, "it ended before it had the unit")
			require.NoError(t, <-results[1])
			require.Equal(t, Stats{Limit: 1, InUse: 1}, s.Stats())
		}
	})
}

// A waiter that was called has not been granted anything when the semaphore is
// closed or the limit falls below its weight.
func TestCalledWaiterCanFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, results := parked(t.Context())
		s.mu.Lock()
		s.releaseLocked(1)
		s.closed = true
		s.waiters.FailAllLocked(ErrClosed)
		s.serveLocked()
		s.mu.Unlock()
		require.ErrorIs(t, <-results[0], ErrClosed)
		require.Equal(t, Stats{Limit: 1, Closed: true}, s.Stats())
	})
}

// While a waiter is on its way nobody is barred, and TryAcquire can overtake it
// as Acquire can.
func TestTryAcquireWhileAWaiterIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, results := parked(t.Context())
		s.mu.Lock()
		s.releaseLocked(1)
		require.True(t, s.admitLocked(1))
		s.mu.Unlock()
		synctest.Wait()
		require.Empty(t, results[0])
		require.False(t, s.TryAcquire(1))
		s.Release(1)
		require.NoError(t, <-results[0])
	})
}
