package retry

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Latencies keeps how long the last 256 calls have taken, for the quantiles of
// them. The zero value has none. It is safe for concurrent use, never blocks, and
// must not be copied after its first use.
//
// Invariants, whenever mu is free: sorted[:n] are the values of ring[:n], which is
// full once n is its length; next is the place of the oldest one then.
type Latencies struct {
	mu     sync.Mutex // guards the fields below
	ring   [256]time.Duration
	sorted [256]time.Duration
	n      int
	next   int
}

// Record adds the latency of a call. The oldest one makes room for it.
func (l *Latencies) Record(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == len(l.ring) {
		// Moving half of the array is cheaper than sorting for each question.
		old, _ := slices.BinarySearch(l.sorted[:l.n], l.ring[l.next])
		copy(l.sorted[old:], l.sorted[old+1:])
		l.n--
	}
	at, _ := slices.BinarySearch(l.sorted[:l.n], d)
	copy(l.sorted[at+1:], l.sorted[at:l.n])
	l.sorted[at] = d
	l.n++
	l.ring[l.next] = d
	l.next = (l.next + 1) % len(l.ring)
}

// Quantile returns the latency that a fraction q of the calls have not exceeded,
// and the number of calls that it is taken from; with none it is zero. It panics
// if q is not in [0, 1].
func (l *Latencies) Quantile(q float64) (d time.Duration, calls int) {
	if !(q >= 0 && q <= 1) {
		panic("retry: quantile out of range")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return 0, 0
	}
	return l.sorted[max(0, int(math.Ceil(q*float64(l.n)))-1)], l.n
}
