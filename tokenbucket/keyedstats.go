package tokenbucket

import (
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
)

// KeyedStats is the state of a [Keyed] at one instant.
type KeyedStats struct {
	Rate    float64 // tokens a second for each key; +Inf: no limit
	Burst   int
	Keys    int // whose bucket is not full
	Waiting int // calls that wait, or have and are about to return
}

// String returns the statistics on one line.
func (st KeyedStats) String() string {
	return fmt.Sprintf("rate=%.6g/s burst=%d keys=%d waiting=%d", st.Rate, st.Burst, st.Keys, st.Waiting)
}

// LogValue returns the statistics as a group.
func (st KeyedStats) LogValue() slog.Value {
	return slog.GroupValue(slog.Float64("rate", st.Rate), slog.Int("burst", st.Burst),
		slog.Int("keys", st.Keys), slog.Int("waiting", st.Waiting))
}

// census counts the keys as of the moment at which all shards were locked.
type census struct{ keys atomic.Int64 }

// Stats returns the state at one instant. It takes time in proportion to the number
// of keys, most of it with one part of them locked, and gives back memory that was
// needed for more of them.
func (k *Keyed[K]) Stats() KeyedStats {
	st := KeyedStats{Rate: shownRate(k.rate), Burst: k.burst}
	// To count a million keys takes milliseconds. So while all is locked each part is
	// only told to be counted by whoever locks it next, before it changes.
	var c census
	for i := range k.shards {
		k.shards[i].lock()
	}
	at := clock()
	for i := range k.shards {
		s := &k.shards[i]
		s.due, _ = k.nowLocked(s, at)
		s.census = &c
		st.Waiting += s.calls
	}
	for i := range k.shards {
		k.shards[i].mu.Unlock()
	}
	for i := range k.shards {
		explore.Point("tokenbucket: about to count")
		s := &k.shards[i]
		s.lock()
		if len(s.table.slots) > max(leastSlots, 8*s.live) {
			now, _ := k.nowLocked(s, clock())
			s.table.rebuild(now, k.hash)
		}
		s.mu.Unlock()
	}
	st.Keys = int(c.keys.Load())
	return st
}

// countLocked does what the census asks for.
func (s *shard[K]) countLocked() {
	s.live = s.table.live(s.due)
	s.census.keys.Add(int64(s.live))
	s.census = nil
}

// Len returns how many keys have a bucket that is not full. It is the number that
// [Keyed.Stats] has.
func (k *Keyed[K]) Len() int { return k.Stats().Keys }

// String returns [Keyed.Stats] on one line.
func (k *Keyed[K]) String() string { return k.Stats().String() }

// LogValue returns [Keyed.Stats] as a group.
func (k *Keyed[K]) LogValue() slog.Value { return k.Stats().LogValue() }

// missing returns how many units are missing from the burst, and how many if all
// that have a claim had taken them.
func (b *busy) missing() (missing uint64, claimed wide) {
	b.mu.Lock()
	defer b.leave()
	b.enterLocked()
	b.serveLocked()
	_, units := b.missingLocked()
	return units.lo, b.full.minus(b.nowLocked())
}
