package tokenbucket

import (
	"fmt"
	"log/slog"
	"math"
)

// Stats is the state of a [Bucket] at one instant.
type Stats struct {
	Rate    float64 // tokens a second; +Inf: no limit
	Burst   int
	Tokens  float64 // that it holds
	Waiting int     // calls that wait
}

// String returns the statistics on one line.
func (st Stats) String() string {
	line := fmt.Sprintf("rate=%.6g/s burst=%d tokens=%.6g", st.Rate, st.Burst, st.Tokens)
	if st.Waiting > 0 {
		line += fmt.Sprintf(" waiting=%d", st.Waiting)
	}
	return line
}

// LogValue returns the statistics as a group.
func (st Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Float64("rate", st.Rate), slog.Int("burst", st.Burst),
		slog.Float64("tokens", st.Tokens), slog.Int("waiting", st.Waiting))
}

// Stats returns the current state, taken in one go.
func (b *Bucket) Stats() Stats {
	b.mu.Lock()
	defer b.leave()
	b.enterLocked()
	b.serveLocked()
	return Stats{
		Rate: shownRate(b.rate), Burst: b.burst,
		Tokens: b.tokensLocked(), Waiting: b.claims.waiting,
	}
}

// Tokens returns how many tokens the bucket holds, at most the burst and never
// less than zero. Calls that wait, or reservations, may be about to get them.
func (b *Bucket) Tokens() float64 { return b.Stats().Tokens }

// Burst returns how many tokens the bucket can hold.
func (b *Bucket) Burst() int { return b.Stats().Burst }

// String returns [Stats] on one line.
func (b *Bucket) String() string { return b.Stats().String() }

// LogValue returns [Stats] as a group.
func (b *Bucket) LogValue() slog.Value { return b.Stats().LogValue() }

func (b *Bucket) tokensLocked() float64 {
	e := b.era.Load()
	if e.token == 0 {
		return float64(b.burst)
	}
	_, missing := b.missingLocked()
	return b.depthLocked().minus(missing).float() / float64(e.token)
}

func shownRate(rate float64) float64 {
	if rate >= Inf {
		return math.Inf(1)
	}
	return rate
}
