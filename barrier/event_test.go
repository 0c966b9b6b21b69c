package barrier_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/barrier"
)

// result starts a call that is parked, or done, when it returns.
func result(call func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	synctest.Wait()
	return done
}

func TestSetReleasesAllWhoWaitEvenIfClearFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e barrier.Event
		require.False(t, e.IsSet())
		var waits []<-chan error
		for range 10 {
			waits = append(waits, result(func() error { return e.Wait(t.Context()) }))
		}
		e.Set()
		e.Clear()
		synctest.Wait()
		for _, w := range waits {
			require.NoError(t, <-w)
		}
		require.False(t, e.IsSet())
		require.Empty(t, result(func() error { return e.Wait(t.Context()) }), "it came after")
		e.Set()
		e.Set()
		require.True(t, e.IsSet())
		require.NoError(t, e.Wait(t.Context()))
	})
}

// Real threads: a waiter that waits, clears and waits again needs two calls of Set.
func TestOneSetSatisfiesOneWaitAroundAClear(t *testing.T) {
	var e barrier.Event
	const rounds = 20_000 / slowdown
	var ready, again barrier.Event
	var wg sync.WaitGroup
	wg.Go(func() {
		for range rounds {
			ready.Set()
			_ = e.Wait(context.Background())
			e.Clear()
			if e.IsSet() {
				t.Error("set again by the same Set")
			}
			again.Set()
		}
	})
	for range rounds {
		_ = ready.Wait(context.Background())
		ready.Clear()
		e.Set()
		_ = again.Wait(context.Background())
		again.Clear()
	}
	wg.Wait()
}

func TestEventWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e barrier.Event
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, e.Wait(ctx), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
		e.Set()
		require.ErrorIs(t, e.Wait(ctx), context.DeadlineExceeded, "although it is set")
		for range 50 { // which channel a waiter looks at is random
			e.Clear()
			ctx, cancel := context.WithCancel(t.Context())
			wait := result(func() error { return e.Wait(ctx) })
			cancel()
			e.Set()
			require.ErrorIs(t, <-wait, context.Canceled, "it ended before")
		}
	})
}

func TestLatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := barrier.NewLatch(3)
		first, second := result(func() error { return l.Wait(t.Context()) }), result(func() error { return l.Wait(t.Context()) })
		l.CountDown()
		l.CountDown()
		synctest.Wait()
		require.Empty(t, first)
		require.Equal(t, 1, l.Count())
		l.CountDown()
		require.NoError(t, <-first)
		require.NoError(t, <-second)
		l.CountDown()
		require.Zero(t, l.Count(), "never below")
		require.NoError(t, l.Wait(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, l.Wait(ctx), context.Canceled)

		many := barrier.NewLatch(5)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, many.Wait(ctx), context.DeadlineExceeded)
		many.CountDownBy(2)
		many.CountDownBy(9)
		require.NoError(t, many.Wait(t.Context()))
		require.NoError(t, barrier.NewLatch(0).Wait(t.Context()))
	})
}
