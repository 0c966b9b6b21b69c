package waitq

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var g Gate
		require.False(t, g.IsOpen())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		require.False(t, g.Wait(&mu, ctx.Done()))
		require.Equal(t, time.Second, time.Since(began))
		var passed atomic.Int64
		for i := range 6 {
			done := t.Context().Done()
			if i%2 == 0 {
				done = nil
			}
			go func() {
				if g.Wait(&mu, done) {
					passed.Add(1)
				}
			}()
		}
		synctest.Wait()
		require.Zero(t, passed.Load())
		mu.Lock()
		g.OpenLocked()
		g.OpenLocked()
		mu.Unlock()
		synctest.Wait()
		require.EqualValues(t, 6, passed.Load())
		require.True(t, g.IsOpen())
		require.True(t, g.Wait(&mu, ctx.Done()), "the owner decides what that means")
	})
}

// The pause is for a mutex that somebody else holds for a moment.
func TestMutexExcludes(t *testing.T) {
	const goroutines, rounds = 8, 2000
	var mu Mutex
	n := 0
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range rounds {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, goroutines*rounds, n)
	require.True(t, mu.TryLock())
	require.False(t, mu.TryLock())
	locked := make(chan struct{})
	go func() { // parks when it has paused in vain
		mu.Lock()
		close(locked)
	}()
	for range 100 {
		Pause()
	}
	mu.Unlock()
	<-locked
	mu.Unlock()
}

// DoneLocked hands out a channel before and after the gate opens.
func TestGateDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var g Gate
		mu.Lock()
		done := g.DoneLocked()
		require.Equal(t, done, g.DoneLocked())
		mu.Unlock()
		passed := false
		go func() { passed = g.Wait(&mu, nil) }()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("shut")
		default:
		}
		mu.Lock()
		g.OpenLocked()
		mu.Unlock()
		<-done
		synctest.Wait()
		require.True(t, passed)
		mu.Lock()
		<-g.DoneLocked()
		var opened Gate
		opened.OpenLocked()
		<-opened.DoneLocked()
		mu.Unlock()
	})
}
