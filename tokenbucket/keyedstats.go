package tokenbucket

import (
	"fmt"
	"log/slog"
)

// KeyedStats is the state of a [Keyed]. One part of the keys is counted after the
// other.
type KeyedStats struct {
	Rate    float64 // tokens a second for each key; +Inf: no limit
	Burst   int
	Keys    int // whose bucket is not full
	Waiting int // calls that wait
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

// Stats returns the current state. It takes time in proportion to the number of
// keys, and gives back memory that was needed for more of them.
func (k *Keyed[K]) Stats() KeyedStats {
	st := KeyedStats{Rate: shownRate(k.rate), Burst: k.burst}
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		now, _ := k.nowLocked(s, clock())
		live := s.table.live(now)
		if len(s.table.slots) > max(leastSlots, 8*live) {
			s.table.rebuild(now, k.hash)
		}
		st.Keys += live
		for _, b := range s.busy {
			st.Waiting += b.Stats().Waiting
		}
		s.mu.Unlock()
	}
	return st
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
