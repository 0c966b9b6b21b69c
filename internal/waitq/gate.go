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
// Invariant: once decided, wake does not change.
type Gate struct {
	open atomic.Bool

	// Guarded by the owner's mutex.
	decided bool          // open, or about to be
	wake    chan struct{} // made by the first one to park, closed when the gate opens
}

// OpenLocked opens the gate. Opening it again does nothing.
//
// What its caller did before synchronizes before Wait returns true.
func (g *Gate) OpenLocked() {
	if !g.decided {
		g.decided = true
		g.release()
	}
}

// OpenAndUnlock is OpenLocked and unlocks mu, the owner's mutex, before anyone
// passes: those who pass often want it next.
func (g *Gate) OpenAndUnlock(mu sync.Locker) {
	again := g.decided
	g.decided = true
	mu.Unlock()
	if !again {
		explore.Point("gate: about to open")
		g.release()
	}
}

func (g *Gate) release() {
	g.open.Store(true)
	if g.wake != nil {
		close(g.wake)
	}
}

// IsOpen reports whether the gate is open.
func (g *Gate) IsOpen() bool { return g.open.Load() }

// DoneLocked returns a channel that is closed when the gate opens.
func (g *Gate) DoneLocked() <-chan struct{} {
	if g.wake == nil {
		wake := make(chan struct{})
		if g.decided {
			// Not to be kept: who opens the gate may be about to look for it.
			close(wake)
			return wake
		}
		g.wake = wake
	}
	return g.wake
}

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
	if g.decided {
		mu.Unlock()
		return true
	}
	wake := g.DoneLocked()
	mu.Unlock()
	explore.Point("gate: about to park")
	if done == nil {
		<-wake
		explore.Point("gate: woken")
		return true
	}
	select {
	case <-wake:
	case <-done:
	}
	explore.Point("gate: woken or context ended")
	return g.open.Load()
}
