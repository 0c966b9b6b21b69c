package barrier

import (
	"fmt"
	"log/slog"
)

// Stats is the state of a [Barrier] at one instant.
type Stats struct {
	Parties int   // that have not left
	Arrived int   // that are counted for the next trip
	Trips   int64 // times that all had arrived
	Broken  bool
}

// String returns the statistics on one line.
func (st Stats) String() string {
	line := fmt.Sprintf("parties=%d arrived=%d trips=%d", st.Parties, st.Arrived, st.Trips)
	if st.Broken {
		line += " broken"
	}
	return line
}

// LogValue returns the statistics as a group.
func (st Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("parties", st.Parties), slog.Int("arrived", st.Arrived),
		slog.Int64("trips", st.Trips), slog.Bool("broken", st.Broken))
}

// Stats returns the current state, taken in one go.
func (b *Barrier) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Stats{Parties: b.parties, Arrived: b.arrived.n, Trips: b.trips, Broken: b.broken != nil}
}
