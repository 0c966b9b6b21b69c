package actor

import (
	"hash/maphash"
	"sync/atomic"
)

// A Route says which of several actors is to have a message: it returns an index. It is
// called by whoever sends, so by many goroutines at a time. There is at least one actor; some
// may have stopped. It must not change the slice.
type Route[M any] func(m M, to []*Ref[M]) int

// RoundRobin routes to one actor after the other.
func RoundRobin[M any]() Route[M] {
	var turns atomic.Uint64
	return func(_ M, to []*Ref[M]) int { return int((turns.Add(1) - 1) % uint64(len(to))) }
}

// LeastLoaded routes to the actor with the fewest messages that wait or are being handled,
// and to one after the other of those that have as few. It asks all of them, at slightly
// different times and with a lock each; so two who send at once can choose the same one.
func LeastLoaded[M any]() Route[M] {
	var turns atomic.Uint64
	return func(_ M, to []*Ref[M]) int {
		first := int(turns.Add(1) % uint64(len(to)))
		best, least := 0, uint64(0)
		for i := range to {
			at := (first + i) % len(to)
			if waiting := to[at].Stats().Waiting; i == 0 || waiting < least {
				best, least = at, waiting
			}
			if least == 0 {
				break
			}
		}
		return best
	}
}

// ConsistentHash routes messages of the same key to the same actor. If their number grows
// from n to m, only the share (m-n)/m of the keys moves, all of it to the new actors (Lamping
// and Veach, "A fast, minimal memory, consistent hash algorithm", 2014). If one stops for
// good, the last one has its keys, and all others share those of the last one. The hash is
// that of hash/maphash with a seed of its own: another route sends a key elsewhere.
func ConsistentHash[M any, K comparable](key func(m M) K) Route[M] {
	seed := maphash.MakeSeed()
	return func(m M, to []*Ref[M]) int {
		hash, bucket, next := maphash.Comparable(seed, key(m)), int64(0), int64(0)
		for next < int64(len(to)) {
			bucket = next
			hash = hash*2862933555777941757 + 1
			next = int64(float64(bucket+1) * (float64(1<<31) / float64(hash>>33+1)))
		}
		return int(bucket)
	}
}
