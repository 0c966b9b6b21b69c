package actor

import (
	"context"
	"fmt"
	"sync/atomic"
)

// A System is a scope for actors: nothing of it outlives [System.Shutdown]. It has no
// goroutine of its own. Create one with [NewSystem].
type System struct {
	root    cell // whose children are the actors without another parent
	config  config
	actors  atomic.Int64
	spawned atomic.Int64
}

// NewSystem returns a system without actors. The options hold for all of them.
func NewSystem(opts ...Option) *System {
	s := &System{}
	for _, opt := range opts {
		opt(&s.config)
	}
	s.config.system = s
	s.root = cell{typed: rootActor{}, config: &s.config, phase: live, more: new(more)}
	return s
}

// Shutdown has all actors stop as [Ref.Stop] does, and waits for that. They refuse messages
// from now on, also those of each other: a chain of actors that is to be drained is stopped
// before, from its beginning on. Nothing can be spawned any more. If ctx ends, or has ended already, all actors are told to end as
// [Ref.Kill] does, and Shutdown returns ctx.Err() without waiting for them: those that are
// handling a message end after it. Call it again to wait for that.
//
// To an actor of the system, with its [Context] as ctx, it returns a [*CycleError] at once,
// and the system goes on to shut down.
func (s *System) Shutdown(ctx context.Context) error {
	err := s.root.end(ctx, stop)
	if ctx.Err() != nil && err != nil {
		s.root.kill()
	}
	return err
}

func (s *System) parentCell() *cell { return &s.root }

// SystemStats are counts of a system.
type SystemStats struct {
	Actors  int   // that have not stopped
	Spawned int64 // so far
}

// Stats returns how many actors there are and were.
func (s *System) Stats() SystemStats {
	// In this order: none is counted as stopped that is not counted as spawned.
	actors := s.actors.Load()
	return SystemStats{Actors: int(actors), Spawned: s.spawned.Load()}
}

// String returns the counts, on one line.
func (s *System) String() string {
	stats := s.Stats()
	return fmt.Sprintf("%d actors of %d spawned", stats.Actors, stats.Spawned)
}

// rootActor is a system as the parent of actors. It is live from the beginning, has no
// messages and does not fail; what only others need is missing.
type rootActor struct{ typed }

func (rootActor) stopping(error)      {}
func (rootActor) stopped(error)       {}
func (rootActor) hasMailLocked() bool { return false }
func (rootActor) closeLocked()        {}
func (rootActor) discard()            {}
