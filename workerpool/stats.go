package workerpool

import (
	"fmt"
	"log/slog"
)

// Stats is a snapshot of a [Pool].
//
// Submitted = Waiting + Running + Done + Failed + Cancelled, always.
type Stats struct {
	Limit   int // workers that there can be
	Workers int // that there are
	Idle    int // that wait for tasks
	Paused  bool
	Closed  bool // by Shutdown, Close, or since WorkerState failed

	Submitted int // tasks accepted so far
	Waiting   int // of these, queued, or waiting for one that runs in their place
	Running   int // at most Limit unless that was just lowered
	Done      int // returned nil
	Failed    int // returned an error, panicked, or called runtime.Goexit
	Cancelled int // were not called, since their context ended or the pool was closed
	Blocked   int // submissions that wait for room
}

// Stats returns a snapshot of one instant.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		Limit: p.limit, Workers: p.alive, Paused: p.paused, Closed: p.closing != nil,
		Submitted: p.submitted, Waiting: p.queue.n + p.lent, Running: p.running,
		Done: p.done, Failed: p.failed, Cancelled: p.cancelled, Blocked: p.submitters.LenLocked(),
	}
	for w := p.idle; w != nil; w = w.below {
		s.Idle++
	}
	return s
}

// String returns the snapshot as one line.
func (s Stats) String() string {
	state := ""
	switch {
	case s.Closed:
		state = ", closed"
	case s.Paused:
		state = ", paused"
	}
	return fmt.Sprintf("workerpool: %d of %d workers (%d idle), %d running, %d waiting, %d blocked; "+
		"%d submitted: %d done, %d failed, %d cancelled%s", s.Workers, s.Limit, s.Idle, s.Running, s.Waiting,
		s.Blocked, s.Submitted, s.Done, s.Failed, s.Cancelled, state)
}

// LogValue returns the snapshot as a group.
func (s Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("limit", s.Limit), slog.Int("workers", s.Workers), slog.Int("idle", s.Idle),
		slog.Bool("paused", s.Paused), slog.Bool("closed", s.Closed), slog.Int("submitted", s.Submitted),
		slog.Int("waiting", s.Waiting), slog.Int("running", s.Running), slog.Int("done", s.Done),
		slog.Int("failed", s.Failed), slog.Int("cancelled", s.Cancelled), slog.Int("blocked", s.Blocked))
}

// String returns the snapshot as one line.
func (p *Pool) String() string { return p.Stats().String() }
