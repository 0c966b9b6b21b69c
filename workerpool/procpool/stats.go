package procpool

import (
	"fmt"
	"log/slog"
)

// Stats is the state of a [Pool] at one instant:
// Submitted = Waiting + Running + Done + Failed + Cancelled.
type Stats struct {
	Limit   int // workers at most
	Workers int // processes, from before their start until they have been waited for and their tasks counted
	Idle    int // workers that wait for a task

	Submitted int64 // tasks accepted
	Waiting   int64 // tasks that no worker has begun
	Running   int64 // tasks that a worker has; never more than Limit
	Done      int64
	Failed    int64 // tasks that returned an error, panicked or crashed, or found no worker
	Cancelled int64 // tasks that failed after their context, their time or the pool had ended

	Started int64 // workers that became ready, since the beginning
	Closed  bool
}

// String returns the statistics on one line.
func (st Stats) String() string {
	line := fmt.Sprintf("limit=%d workers=%d idle=%d submitted=%d waiting=%d running=%d done=%d failed=%d cancelled=%d started=%d",
		st.Limit, st.Workers, st.Idle, st.Submitted, st.Waiting, st.Running, st.Done, st.Failed, st.Cancelled, st.Started)
	if st.Closed {
		line += " closed"
	}
	return line
}

// LogValue returns the statistics as a group.
func (st Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("limit", st.Limit), slog.Int("workers", st.Workers), slog.Int("idle", st.Idle),
		slog.Int64("submitted", st.Submitted), slog.Int64("waiting", st.Waiting), slog.Int64("running", st.Running),
		slog.Int64("done", st.Done), slog.Int64("failed", st.Failed), slog.Int64("cancelled", st.Cancelled),
		slog.Int64("started", st.Started), slog.Bool("closed", st.Closed))
}

// Stats returns the current state, taken in one go.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.counts
	st.Limit, st.Workers, st.Idle, st.Closed = p.limit, len(p.workers), len(p.idle), p.closed
	return st
}

// outcome is what became of a task.
type outcome uint8

const (
	done outcome = iota
	failed
	cancelled
)

// settleLocked counts n tasks, which were counted in from.
func (p *Pool) settleLocked(from *int64, n int, as outcome) {
	*from -= int64(n)
	switch as {
	case done:
		p.counts.Done += int64(n)
	case failed:
		p.counts.Failed += int64(n)
	case cancelled:
		p.counts.Cancelled += int64(n)
	}
}
