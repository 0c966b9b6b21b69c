package waitq

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
)

// A Gate is where any number of goroutines wait for one event, which happens
// once and for all of them. The zero value is shut. Unlike a [Queue] it gives
// nobody anything, so that to pass it takes no mutex.
//
// The owner's mutex guards wake until the gate is open.
type Gate struct {
	open atomic.Bool
	wake chan struct{} // made by the first one to park, closed when the gate opens
}

// OpenLocked opens the gate. Opening it again does nothing.
//
// What its caller did before synchronizes before Wait returns true.
func (g *Gate) OpenLocked() {
	if !g.open.Swap(true) && g.wake != nil {
		close(g.wake)
	}
}

// IsOpen reports whether the gate is open.
func (g *Gate) IsOpen() bool { return g.open.Load() }

// Wait blocks until the gate is open or done is closed, which may be nil, and
// reports whether the gate is open. mu is the owner's mutex and must not be held.
func (g *Gate) Wait(mu sync.Locker, done <-chan struct{}) bool {
	// Those who wait for each other are often about to come: to give them a turn
	// costs less than to park. A second turn gains nothing.
	explore.Point("gate: about to wait")
	if runtime.Gosched(); g.open.Load() {
		return true
	}
	explore.Point("gate: shut")
	mu.Lock()
	if g.open.Load() {
		mu.Unlock()
		return true
	}
	if g.wake == nil {
		g.wake = make(chan struct{})
	}
	mu.Unlock()
	explore.Point("gate: about to park")
	if done == nil {
		<-g.wake
		explore.Point("gate: woken")
		return true
	}
	select {
	case <-g.wake:
	case <-done:
	}
	explore.Point("gate: woken or context ended")
	return g.open.Load()
}
