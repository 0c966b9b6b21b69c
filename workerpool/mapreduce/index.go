package mapreduce

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// An index finds what is kept for a key, and sorts it.
//
// Invariant: until it is sorted, at maps each key but NaN to its entry.
type index[K cmp.Ordered, E any] struct {
	at      map[K]int
	entries []entry[K, E]
	nan     int // 1 + the entry of NaN, which a map does not find; 0: none
	arena   arena
	strings bool // whether keys are
}

type entry[K, E any] struct {
	key       K
	partition int
	kept      E
}

func newIndex[K cmp.Ordered, E any]() index[K, E] {
	return index[K, E]{at: map[K]int{}, strings: reflect.TypeFor[K]().Kind() == reflect.String}
}

// entry returns the entry of the key, and whether it is new.
func (x *index[K, E]) entry(key K) (e *entry[K, E], isNew bool) {
	i, ok := x.at[key]
	switch {
	case ok:
	case key == key:
		i = len(x.entries)
		x.entries = append(x.entries, entry[K, E]{key: key})
		x.own(&x.entries[i].key)
		x.at[x.entries[i].key] = i
	case x.nan > 0:
		i, ok = x.nan-1, true
	default:
		i = len(x.entries)
		x.entries = append(x.entries, entry[K, E]{key: key})
		x.nan = i + 1
	}
	return &x.entries[i], !ok
}

// own makes a key a copy: it may be part of a large string, which it would keep in memory.
func (x *index[K, E]) own(key *K) {
	if !x.strings {
		return
	}
	if s, ok := any(key).(*string); ok {
		*s = x.arena.keep(*s)
		return
	}
	v := reflect.ValueOf(key).Elem()
	v.SetString(x.arena.keep(v.String()))
}

// sort sorts the entries by partition and key. After that, none can be found or added.
func (x *index[K, E]) sort(partition func(K) int) {
	x.at = nil
	for i := range x.entries {
		x.entries[i].partition = partition(x.entries[i].key)
	}
	slices.SortFunc(x.entries, func(a, b entry[K, E]) int {
		if a.partition != b.partition {
			return a.partition - b.partition
		}
		return cmp.Compare(a.key, b.key)
	})
}

// part returns the entries of a partition of a sorted index.
func (x *index[K, E]) part(partition int) []entry[K, E] {
	to := func(e entry[K, E], p int) int { return e.partition - p }
	begin, _ := slices.BinarySearchFunc(x.entries, partition, to)
	end, _ := slices.BinarySearchFunc(x.entries, partition+1, to)
	return x.entries[begin:end]
}

// reset empties the index.
func (x *index[K, E]) reset() {
	clear(x.entries) // what they refer to
	x.entries = x.entries[:0]
	x.at = make(map[K]int, cap(x.entries)/2)
	x.nan = 0
	x.arena = arena{}
}

// arenaBlock is how large the memory is that short strings share: one that lives on, in a result, keeps no
// more than this from being freed.
const arenaBlock = 4 << 10

// An arena copies strings with few allocations.
type arena struct{ block *strings.Builder }

// keep returns a copy of s.
func (a *arena) keep(s string) string {
	if len(s) > arenaBlock/4 {
		return strings.Clone(s)
	}
	if a.block == nil || a.block.Cap()-a.block.Len() < len(s) {
		a.block = &strings.Builder{}
		a.block.Grow(arenaBlock)
	}
	a.block.WriteString(s)
	return a.block.String()[a.block.Len()-len(s):]
}
