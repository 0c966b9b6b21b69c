package barrier

import (
	"context"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// Event is a flag that goroutines can wait for. The zero value is not set. It must
// not be copied after its first use.
type Event struct {
	set atomic.Bool // changed under mu

	mu   waitq.Mutex // guards gate
	gate *waitq.Gate // of those who wait for the next Set; nil if nobody does
}

// Set sets the flag. All who wait are released, even if Clear is called before
// they run. Setting it again does nothing. It never blocks.
//
// Set synchronizes before the return of every Wait that it allowed.
func (e *Event) Set() {
	e.mu.Lock()
	e.set.Store(true)
	gate := e.gate
	if e.gate = nil; gate == nil {
		e.mu.Unlock()
	} else {
		gate.OpenAndUnlock(&e.mu)
	}
}

// Clear takes the flag back: a Wait that begins after that waits for the next Set.
// It never blocks.
func (e *Event) Clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set.Store(false)
}

// IsSet reports whether the flag is set.
func (e *Event) IsSet() bool { return e.set.Load() }

// Wait blocks until the flag is set or ctx ends. It returns ctx.Err() if ctx has
// ended, even if the flag is set by then.
func (e *Event) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil || e.set.Load() {
		return err
	}
	done := ctx.Done()
	explore.Point("event: about to wait")
	e.mu.Lock()
	if e.set.Load() {
		e.mu.Unlock()
		return nil
	}
	if e.gate == nil {
		e.gate = new(waitq.Gate)
	}
	gate := e.gate
	e.mu.Unlock()
	gate.Wait(&e.mu, done)
	return ctx.Err()
}
