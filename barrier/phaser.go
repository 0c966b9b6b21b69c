package barrier

import (
	"context"
	"errors"

	"github.com/interleave-go/interleave/internal/waitq"
)

// ErrTerminated says that a phaser has terminated.
var ErrTerminated = errors.New("barrier: phaser terminated")

// Phaser lets a changing number of parties advance together from phase to phase,
// beginning with phase 0. Unlike those of a [Barrier] they can register and
// deregister at any time, arrive without waiting, and wait without being a party.
// Create one with [NewPhaser]. It is modelled on Java's.
//
// Invariants, whenever mu is free:
//   - 0 <= arrived <= registered, and they are equal only while the phaser is
//     advancing, has terminated, or has no parties.
//   - Those in waiting are counted in arrived.
//   - gathering is who waits for the end of phase, nil if nobody does; advancing is
//     who waits for that of phase-1 while OnAdvance runs for it, else nil.
type Phaser struct {
	onAdvance func(phase, registered int) (terminate bool) // or nil

	mu         waitq.Mutex // guards the fields below
	phase      int
	registered int
	arrived    int
	departed   bool     // a party has deregistered in this phase
	waiting    arrivals // calls of ArriveAndWait in this phase
	gathering  *generation
	advancing  *generation
	terminated bool
	named      []*Party
}

// A PhaserOption changes what NewPhaser makes.
type PhaserOption func(*Phaser)

// OnAdvance is called when all parties have arrived at a phase, by the last one to
// arrive and before anyone goes on, with the phase and the number of parties. If
// it returns true, or panics, the phaser terminates. Without it the phaser
// terminates once no party is left.
func OnAdvance(fn func(phase, registered int) (terminate bool)) PhaserOption {
	return func(p *Phaser) { p.onAdvance = fn }
}

// NewPhaser returns a phaser with so many parties, which can be none. It panics if
// the number is negative.
func NewPhaser(parties int, opts ...PhaserOption) *Phaser {
	if parties < 0 {
		panic("barrier: negative number of parties")
	}
	p := &Phaser{registered: parties}
	for _, opt := range opts {
		opt(p)
	}
	return p
}

// Register adds a party, which the current phase waits for, and returns that
// phase. It never blocks. It does nothing once the phaser has terminated.
func (p *Phaser) Register() (phase int) { return p.BulkRegister(1) }

// BulkRegister adds n parties. It panics if n is negative.
func (p *Phaser) BulkRegister(n int) (phase int) {
	if n < 0 {
		panic("barrier: negative number of parties")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.terminated {
		p.registered += n
	}
	return p.phase
}

// Arrive tells that a party has finished the current phase, and returns that
// phase; [Phaser.AwaitPhase] waits for the others. It never blocks, but that the
// last one to arrive runs OnAdvance. It does nothing once the phaser has
// terminated. It panics if all parties have arrived already.
//
// Every Arrive synchronizes before OnAdvance, and that before the return of every
// call that waited for the phase to end.
func (p *Phaser) Arrive() (phase int) { return p.arrive(nil, false) }

// Deregister takes a party away that has not arrived at the current phase, and
// returns that phase. It never blocks, but that it runs OnAdvance if it was the
// last one missing. It does nothing once the phaser has terminated. It panics if
// all parties have arrived already.
func (p *Phaser) Deregister() (phase int) { return p.arrive(nil, true) }

// ArriveAndDeregister is Deregister, by its name in Java.
func (p *Phaser) ArriveAndDeregister() (phase int) { return p.Deregister() }

// ArriveAndWait arrives and blocks until the phase has ended. It returns the new
// phase. With an error the party has not arrived, and can do so again: ctx.Err()
// if ctx ended before all had arrived, or [ErrTerminated]. It panics as Arrive
// does.
func (p *Phaser) ArriveAndWait(ctx context.Context) (phase int, err error) {
	return p.arriveAndWait(ctx, nil)
}

// AwaitPhase blocks until that phase has ended, and returns the phase that there
// is then. It returns at once if it has ended already. The error is ctx.Err(), or
// [ErrTerminated] if the phaser has terminated. It does not arrive: it is for a
// party that has, or for whoever else wants to know.
func (p *Phaser) AwaitPhase(ctx context.Context, phase int) (current int, err error) {
	if err := ctx.Err(); err != nil {
		return p.Phase(), err
	}
	done := ctx.Done()
	for {
		p.mu.Lock()
		var g *generation
		switch {
		case p.terminated:
			defer p.mu.Unlock()
			return p.phase, ErrTerminated
		case phase == p.phase-1 && p.advancing != nil:
			g = p.advancing
		case phase < p.phase:
			defer p.mu.Unlock()
			return p.phase, nil
		default:
			g = p.gatheringLocked()
		}
		p.mu.Unlock()
		g.gate.Wait(&p.mu, done)
		if err := ctx.Err(); err != nil {
			return p.Phase(), err
		}
	}
}

// Phase returns the current phase. Once the phaser has terminated it is the one
// that it had come to.
func (p *Phaser) Phase() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase
}

// ForceTermination terminates the phaser: whoever waits gets [ErrTerminated], and
// so does whoever comes. It never blocks.
func (p *Phaser) ForceTermination() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.terminateLocked()
}

// IsTerminated reports whether the phaser has terminated.
func (p *Phaser) IsTerminated() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.terminated
}
