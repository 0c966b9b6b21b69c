package tokenbucket

import (
	"math"
	"sync/atomic"
	"time"
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
	// word is the unit at which the bucket will be full, or barred, in which case
	// calls must take the mutex, and that unit is Bucket.full.
	word atomic.Int64

	// These do not change.
	scale
	base  int64  // on the clock
	last  uint64 // nanoseconds since base after which another era has to begin
	depth uint64 // units of the burst
	most  int    // tokens that can be taken at once; -1 if depth does not fit
	_     [cacheLine - 64]byte
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
