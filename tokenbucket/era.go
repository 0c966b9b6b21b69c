package tokenbucket

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

const (
	barred = math.MinInt64

	// cacheLine is two lines of 64 bytes: processors fetch them in pairs.
	cacheLine = 128
)

// epoch is what the clock is read against: cheaper than time.Now.
var epoch = time.Now()

func clock() int64 { return int64(time.Since(epoch)) }

// era is the time in which neither the rate nor the burst of a bucket changes.
// The word is part of it, so that a call that comes with an era that is over finds
// a word that is barred for good, and can't mistake what it finds for something
// else.
type era struct {
	// word is the unit at which the bucket will be full. If it is negative, nothing
	// is taken but under the mutex, and that unit is Bucket.full; if it is more than
	// barred, the rest of the bits are that unit too, at most, as of the last time
	// the mutex was free, which is enough to refuse.
	word  atomic.Int64
	since atomic.Int64 // nanoseconds since base: the clock as of then

	// These do not change.
	scale
	base  int64  // on the clock
	last  uint64 // nanoseconds since base after which another era has to begin
	depth uint64 // units of the burst
	most  int    // tokens that can be taken at once; -1 if depth does not fit
	_     [cacheLine - 72]byte
}

func newEra(s scale, burst int, base int64) *era {
	e := &era{scale: s, base: base, last: s.last(), most: burst}
	if depth := product(uint64(burst), s.token); depth.less(wide{0, room + 1}) {
		e.depth = depth.lo
	} else {
		e.most = -1
	}
	if s.token == 0 {
		e.most = math.MaxInt
	}
	e.word.Store(barred)
	return e
}

// refuses reports whether n tokens were not there at some moment, and that can be
// told without the mutex although the word is barred.
func (e *era) refuses(n int) bool {
	if n > e.most {
		return e.most >= 0
	}
	word := e.word.Load()
	explore.Point("tokenbucket: about to refuse")
	// Nobody has taken the mutex since the word was stored, until it was loaded. So
	// whoever was ahead then was ahead at that moment, at which the clock was not
	// past what it is now. That it went back is for the mutex to find out.
	ns := clock() - e.base
	if word >= 0 || ns < e.since.Load() || uint64(ns) > e.last {
		return false
	}
	now, _ := e.units(uint64(ns))
	full, cost := uint64(word&math.MaxInt64), uint64(n)*e.token
	return full+cost > now+e.depth
}
