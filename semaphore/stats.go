package semaphore

import (
	"fmt"
	"log/slog"
)

// Stats is the state of a [Weighted] at one instant.
type Stats struct {
	Limit   int64 // units in total
	InUse   int64 // units held; more than Limit while a lowered limit takes effect
	Waiting int   // calls of Acquire that wait
	Closed  bool
}

// String returns the statistics on one line.
func (st Stats) String() string {
	line := fmt.Sprintf("limit=%d in_use=%d waiting=%d", st.Limit, st.InUse, st.Waiting)
	if st.Closed {
		line += " closed"
	}
	return line
}

// LogValue returns the statistics as a group.
func (st Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("limit", st.Limit), slog.Int64("in_use", st.InUse),
		slog.Int("waiting", st.Waiting), slog.Bool("closed", st.Closed))
}

// Stats returns the current state, taken in one go.
func (s *Weighted) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Limit:   s.limit.Load(),
		InUse:   s.heldLocked(),
		Waiting: s.waiters.LenLocked(),
		Closed:  s.closed,
	}
}
