package connpool

import (
	"fmt"
	"log/slog"
	"time"
)

// Stats is the state of a [Pool] at one instant, and what has happened in it.
type Stats struct {
	Max     int // MaxConns, or what Resize made of it
	Open    int // connections that are open, or are being dialled or closed
	Idle    int
	Lent    int
	Running int // dials and checks
	Waiting int // calls of Acquire
	Closed  bool

	Dials       int64 // dials that succeeded
	FailedDials int64
	Closes      int64 // connections closed
	Waits       Waits
}

// Waits counts the calls of Acquire that did not get a connection at once, by
// how long they waited until they did: Waits[0] for less than 100 microseconds,
// each further one for up to ten times as long, and the last one for 100 seconds
// and more.
type Waits [8]int64

func (w *Waits) add(d time.Duration) {
	i := 0
	for bound := 100 * time.Microsecond; i < len(w)-1 && d >= bound; bound *= 10 {
		i++
	}
	w[i]++
}

// counts are the numbers that only grow.
type counts struct {
	dials, failedDials, closes int64
	waits                      Waits
}

// String returns the statistics on one line.
func (st Stats) String() string {
	line := fmt.Sprintf("max=%d open=%d idle=%d lent=%d running=%d waiting=%d dials=%d failed_dials=%d closes=%d",
		st.Max, st.Open, st.Idle, st.Lent, st.Running, st.Waiting, st.Dials, st.FailedDials, st.Closes)
	if st.Closed {
		line += " closed"
	}
	return line
}

// LogValue returns the statistics as a group.
func (st Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("max", st.Max), slog.Int("open", st.Open), slog.Int("idle", st.Idle),
		slog.Int("lent", st.Lent), slog.Int("running", st.Running), slog.Int("waiting", st.Waiting),
		slog.Int64("dials", st.Dials), slog.Int64("failed_dials", st.FailedDials),
		slog.Int64("closes", st.Closes), slog.Bool("closed", st.Closed))
}

// Stats returns the current state, taken in one go, but for Waiting, part of
// which is read a moment before.
func (p *Pool[T]) Stats() Stats {
	waiting := p.units.Stats().Waiting
	p.mu.Lock()
	defer p.mu.Unlock()
	p.barLocked()
	defer p.unbarLocked()
	st := Stats{
		Max: p.max, Open: p.open, Idle: len(p.idle), Running: len(p.jobs),
		Waiting: waiting + p.waiting.LenLocked(), Closed: p.closed,
		Dials: p.counts.dials, FailedDials: p.counts.failedDials,
		Closes: p.counts.closes, Waits: p.counts.waits,
	}
	for _, e := range p.all {
		if e.state == lent {
			st.Lent++
		}
	}
	return st
}

// Resize sets MaxConns to n. If more are open, idle ones are closed at once, and
// others as they are released. It panics if n is below 1.
func (p *Pool[T]) Resize(n int) {
	if n < 1 {
		panic("connpool: MaxConns below 1")
	}
	p.units.Resize(int64(n))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.barLocked()
	p.max = n
	surplus := min(p.open-n, len(p.idle))
	for _, e := range p.idle[:max(0, surplus)] {
		e.state = busy
		go p.retire(e)
	}
	p.idle = append(p.idle[:0:0], p.idle[max(0, surplus):]...)
	p.serveLocked()
}
