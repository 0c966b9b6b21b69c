package tokenbucket

import (
	"hash/maphash"
	"time"

	"github.com/interleave-go/interleave/internal/waitq"
)

// shards is how many mutexes the keys are shared out to: with many cores, two of
// them seldom want the same.
const shards = 64

// Keyed is a bucket for each key, all of the same rate and burst: one for each
// client, say, or for each host. Create one with [NewKeyed].
//
// A key needs memory while its bucket is not full: a key and 8 bytes, in a table
// of which seven eighths can be used. One that is full again is what one that has never been seen is, so
// that to drop it changes no decision. With a rate of zero no key is ever dropped.
type Keyed[K comparable] struct {
	scale
	rate   float64
	burst  int
	depth  uint64
	last   uint64
	seed   maphash.Seed
	shards [shards]shard[K]
}

// shard has a part of the keys.
//
// Invariants: the keys of busy are those that table has elsewhere; calls is the sum
// of their calls.
type shard[K comparable] struct {
	mu     waitq.Mutex // guards the fields below
	census *census     // nil unless the keys have to be counted before they change
	due    uint64      // as of when
	live   int         // how many were not full by then
	table  table[K]
	busy   map[K]*busy
	spare  *busy // to use again
	calls  int
	base   int64 // on the clock, of the units in table
	seen   int64 // the last reading of the clock, after base
	_      [cacheLine - 104]byte
}

// busy is the bucket of a key while calls wait for it.
type busy struct {
	*Bucket
	calls int // guarded by the shard's mutex
}

// NewKeyed returns a bucket for each key that holds burst tokens, gains rate
// tokens a second, and starts full: [New] says what the rate can be. A burst
// above 2^60 counts as that. It panics for what New panics for, and if [Initial]
// is given: a key that was dropped starts full again.
func NewKeyed[K comparable](rate float64, burst int, opts ...Option) *Keyed[K] {
	checkRate(rate)
	checkBurst(burst)
	o := options{initial: -1}
	for _, opt := range opts {
		opt(&o)
	}
	if o.initial >= 0 {
		panic("tokenbucket: a key that was dropped would not start full again")
	}
	burst = int(min(int64(burst), 1<<60))
	s := scaleOf(rate, room/uint64(burst))
	k := &Keyed[K]{
		scale: s, rate: min(rate, Inf), burst: burst, depth: uint64(burst) * s.token,
		last: s.last(), seed: maphash.MakeSeed(),
	}
	base := clock()
	for i := range k.shards {
		k.shards[i].base = base
	}
	return k
}

// TryTake takes n tokens of key and reports whether it did. It never blocks. It
// returns false if there are fewer, or if others wait for their turn. It panics if
// n is negative.
func (k *Keyed[K]) TryTake(key K, n int) bool {
	checkTokens(n)
	if k.token == 0 {
		return true
	}
	hash := k.hash(key)
	s := k.shard(hash)
	at := clock()
	s.lock()
	ok := k.tryLocked(s, key, hash, at, n)
	s.mu.Unlock()
	return ok
}

func (k *Keyed[K]) hash(key K) uint64 { return maphash.Comparable(k.seed, key) }

// lock locks mu for a change of the shard.
func (s *shard[K]) lock() {
	s.mu.Lock()
	if s.census != nil {
		s.countLocked()
	}
}

func (k *Keyed[K]) shard(hash uint64) *shard[K] { return &k.shards[hash%shards] }

func (k *Keyed[K]) tryLocked(s *shard[K], key K, hash uint64, at int64, n int) bool {
	if n > k.burst {
		return false
	}
	now, begun := k.nowLocked(s, at)
	slot := s.table.find(key, hash)
	cost := uint64(n) * k.token
	switch {
	case slot != nil && slot.full == elsewhere:
		return s.busy[key].tryWithMutex(n)
	case n == 0: // nothing must be stored: a unit of zero is an empty slot
	case slot == nil:
		s.table.insert(key, hash, now+begun+cost, now, k.hash)
	case slot.full <= now:
		slot.full = now + begun + cost
	case slot.full+cost > now+k.depth:
		return false
	default:
		slot.full += cost
	}
	return true
}

// nowLocked returns the unit of the time at on the clock, and whether another one
// has begun.
func (k *Keyed[K]) nowLocked(s *shard[K], at int64) (now, begun uint64) {
	if at-s.base < s.seen {
		at = clock() // was read before somebody else had the mutex
	}
	switch ns := at - s.base; {
	case ns < s.seen:
		// The clock went back. What is missing is still missing, and nothing is
		// gained: the units go on from where they were.
		s.base = at - s.seen
	case uint64(ns) > k.last:
		gone := product(uint64(ns), k.mult).shifted(k.shift).min(wide{0, elsewhere - 1})
		s.table.advance(gone.lo, k.hash)
		s.base, s.seen = at, 0
	default:
		s.seen = ns
	}
	return k.units(uint64(s.seen))
}

// Tokens returns how many tokens the bucket of key holds.
func (k *Keyed[K]) Tokens(key K) float64 {
	return k.look(key, 0).tokens
}

// outlook is how the bucket of a key stands.
type outlook struct {
	tokens float64
	next   time.Duration // until it holds what is asked for
	full   time.Duration // until it is full
}

func (k *Keyed[K]) look(key K, n int) outlook {
	if k.token == 0 {
		return outlook{tokens: float64(k.burst)}
	}
	hash := k.hash(key)
	s := k.shard(hash)
	at := clock()
	s.lock()
	defer s.mu.Unlock()
	now, _ := k.nowLocked(s, at)
	var missing uint64
	var claimed wide
	switch slot := s.table.find(key, hash); {
	case slot == nil:
	case slot.full == elsewhere:
		missing, claimed = s.busy[key].missing()
	case slot.full > now:
		missing = slot.full - now
		claimed = wide{0, missing}
	}
	cost := product(uint64(n), k.token)
	return outlook{
		// What is taken between two units is missing until a unit later.
		tokens: float64(k.depth-min(k.depth, missing)) / float64(k.token),
		next:   k.nanoseconds(claimed.plus(cost).minus(wide{0, k.depth})),
		full:   k.nanoseconds(claimed),
	}
}
