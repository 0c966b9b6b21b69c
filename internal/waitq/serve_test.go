package waitq

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// callingGate lets newcomers compete with the waiter that it calls.
type callingGate struct {
	gate
	err error // instead of a unit
}

func (g *callingGate) serveLocked() {
	g.queue.ServeLocked(
		func(*Waiter[int]) bool { return g.units > 0 || g.err != nil },
		func(*Waiter[int]) error {
			if g.err == nil {
				g.units--
			}
			return g.err
		})
}

func (g *callingGate) add() {
	g.mu.Lock()
	g.units++
	g.serveLocked()
	g.mu.Unlock()
}

func (g *callingGate) try() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.units == 0 {
		return false
	}
	g.units--
	return true
}

func (g *callingGate) wait(ctx context.Context) error {
	w := NewWaiter(ctx, 1)
	g.mu.Lock()
	g.queue.PushLocked(w)
	g.serveLocked()
	g.mu.Unlock()
	return g.queue.Wait(&g.mu, w, g.serveLocked)
}

func TestCalledWaitersCompeteForTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g callingGate
		results := make([]chan error, 3)
		for i := range results {
			results[i] = make(chan error, 1)
			go func() { results[i] <- g.wait(t.Context()) }()
			synctest.Wait()
		}
		overtake := func() (took bool) {
			g.mu.Lock()
			g.units++
			g.serveLocked()
			if took = g.units > 0; took {
				g.units--
			}
			g.mu.Unlock()
			synctest.Wait()
			return took
		}
		require.True(t, overtake(), "it was called and has not run")
		require.Empty(t, results[0], "it parks again")
		g.add()
		require.NoError(t, <-results[0])
		time.Sleep(patience)
		require.True(t, overtake(), "not longer than the bound")
		time.Sleep(time.Nanosecond)
		require.False(t, overtake())
		require.NoError(t, <-results[1])
		require.Empty(t, results[2], "in order")

		g.err = errors.New("failed")
		g.mu.Lock()
		g.serveLocked()
		g.mu.Unlock()
		require.Equal(t, g.err, <-results[2])
		require.False(t, g.try())
		require.Zero(t, g.queue.LenLocked())
	})
}
