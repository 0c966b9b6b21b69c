package boundedbuf

import (
	"fmt"
	"log/slog"
)

// Stats is the state of a [Buffer] at one instant.
type Stats struct {
	Len, Cap   int
	High       int   // the most items that there ever were
	Putting    int   // calls that are parked because the buffer is full
	Getting    int   // calls that are parked because it is empty
	Unfinished int   // items put that Done was not called for
	Dropped    int64 // items that made room for others
	Closed     bool
}

// String returns the statistics on one line.
func (st Stats) String() string {
	line := fmt.Sprintf("len=%d cap=%d high=%d putting=%d getting=%d unfinished=%d dropped=%d",
		st.Len, st.Cap, st.High, st.Putting, st.Getting, st.Unfinished, st.Dropped)
	if st.Closed {
		line += " closed"
	}
	return line
}

// LogValue returns the statistics as a group.
func (st Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("len", st.Len), slog.Int("cap", st.Cap), slog.Int("high", st.High),
		slog.Int("putting", st.Putting), slog.Int("getting", st.Getting), slog.Int("unfinished", st.Unfinished),
		slog.Int64("dropped", st.Dropped), slog.Bool("closed", st.Closed))
}

// Stats returns the current state, taken in one go.
func (b *Buffer[T]) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Stats{
		Len: b.items.len(), Cap: b.items.cap(), High: b.high,
		Putting: b.putters.LenLocked(), Getting: b.getters.LenLocked(),
		Unfinished: b.unfinished, Dropped: b.dropped, Closed: b.closed,
	}
}

// Len returns the number of items in the buffer.
func (b *Buffer[T]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.items.len()
}

// Cap returns the capacity.
func (b *Buffer[T]) Cap() int { return b.items.cap() }
