package tokenbucket

import "math/bits"

// table maps keys to the unit at which their bucket will be full: open addressing
// with linear probing (Knuth, TAOCP 6.4), without pointers unless the keys have
// some. A key whose unit has come has a full bucket, as one that is not there has,
// so its slot can be used for another key, and nothing ever has to be deleted.
//
// Invariants: there is an empty slot; a key is in one slot at most, and no empty
// slot is between the one it hashes to and that one.
type table[K comparable] struct {
	slots []slot[K]
	used  int // slots that are not empty
}

type slot[K comparable] struct {
	full uint64 // the unit, elsewhere if somebody waits, or 0: empty
	key  K
}

// elsewhere is the unit of a key whose bucket is in shard.busy.
const elsewhere = 1 << 63

const leastSlots = 8

// find returns the slot of key, or nil if there is none.
func (t *table[K]) find(key K, hash uint64) *slot[K] {
	if len(t.slots) == 0 {
		return nil
	}
	for i := t.home(hash); ; i = 0 {
		for ; i < len(t.slots); i++ {
			if s := &t.slots[i]; s.full == 0 {
				return nil
			} else if s.key == key {
				return s
			}
		}
	}
}

// home returns the index at which the search for a key begins: the highest bits of
// the hash, since the shard is chosen by the lowest.
func (t *table[K]) home(hash uint64) int {
	hi, _ := bits.Mul64(hash, uint64(len(t.slots)))
	return int(hi)
}

// insert puts in a key that is not there.
func (t *table[K]) insert(key K, hash, full, now uint64, rehash func(K) uint64) *slot[K] {
	if t.used >= len(t.slots)/8*7 {
		t.rebuild(now, rehash)
	}
	i := t.home(hash)
	for t.slots[i].full > now {
		if i++; i == len(t.slots) {
			i = 0
		}
	}
	if t.slots[i].full == 0 {
		t.used++
	}
	t.slots[i] = slot[K]{full, key}
	return &t.slots[i]
}

// rebuild drops the keys whose bucket is full, and leaves half as many slots again
// as the others need. So it pays for itself: a fifth of the slots can be filled
// before the next time. More slots would mean fewer steps, but more cache misses.
func (t *table[K]) rebuild(now uint64, rehash func(K) uint64) {
	live := t.live(now)
	size := (live+live/2)/8*8 + leastSlots
	old := t.slots
	*t = table[K]{slots: make([]slot[K], size)}
	for _, s := range old {
		if s.full > now {
			t.insert(s.key, rehash(s.key), s.full, now, rehash)
		}
	}
}

// live returns how many keys there are whose bucket is not full.
func (t *table[K]) live(now uint64) int {
	n := 0
	for i := range t.slots {
		if t.slots[i].full > now {
			n++
		}
	}
	return n
}

// advance takes now units off all keys.
func (t *table[K]) advance(now uint64, rehash func(K) uint64) {
	t.rebuild(now, rehash)
	for i := range t.slots {
		if s := &t.slots[i]; s.full > now && s.full != elsewhere {
			s.full -= now
		}
	}
}
