package mapreduce

import (
	"cmp"
	"slices"
	"unsafe"
)

// A table collects pairs in memory. One task uses it at a time.
type table[K cmp.Ordered, V any] interface {
	// add adds a pair that was emitted for an input, and returns about how many bytes of memory
	// the table takes.
	add(input int, key K, value V) (bytes int)
	// sort sorts the pairs by partition, key, and input. After that, none can be added.
	sort(partition func(K) int)
	// cursor returns the pairs of a partition of a sorted table, in their order.
	cursor(partition int) *cursor[K, V]
	// reset empties the table.
	reset()
}

// What an entry takes in a slice and in a map: both double when they grow, and keep a
// byte or so of their own.
func entryBytes[K cmp.Ordered, E any]() int {
	var e entry[K, E]
	var m struct {
		key K
		at  int
	}
	return 2*int(unsafe.Sizeof(e)) + 2*(int(unsafe.Sizeof(m))+1)
}

// A combined table keeps one value for each key.
type combined[K cmp.Ordered, V any] struct {
	index[K, V]
	combine func(a, b V) V
	sizes   sizes[K, V]
	taken   int
	each    int
}

func newCombined[K cmp.Ordered, V any](combine func(a, b V) V, s sizes[K, V]) *combined[K, V] {
	return &combined[K, V]{index: newIndex[K, V](), combine: combine, sizes: s, each: entryBytes[K, V]()}
}

func (t *combined[K, V]) add(_ int, key K, value V) int {
	e, isNew := t.entry(key)
	switch {
	case isNew:
		e.kept = value
		t.taken += t.each + t.sizes.pair(&e.key, &e.kept)
	case t.sizes.fixed:
		e.kept = t.combine(e.kept, value)
	default:
		before := t.sizes.pair(&e.key, &e.kept) // now, since combine may change it
		e.kept = t.combine(e.kept, value)
		t.taken += t.sizes.pair(&e.key, &e.kept) - before
	}
	return t.taken
}

func (t *combined[K, V]) cursor(partition int) *cursor[K, V] {
	rest := t.part(partition)
	return &cursor[K, V]{read: func(p *pair[K, V]) (bool, error) {
		if len(rest) == 0 {
			return false, nil
		}
		p.key, p.value = rest[0].key, rest[0].kept
		rest = rest[1:]
		return true, nil
	}}
}

func (t *combined[K, V]) reset() {
	t.index.reset()
	t.taken = 0
}

// A listed table keeps all values of a key, in the order of the inputs they are of.
type listed[K cmp.Ordered, V any] struct {
	index[K, chain]
	items     []item[V]
	sizes     sizes[K, V]
	taken     int
	each      int
	last      int  // input
	scattered bool // values of a later input came before ones of an earlier one
}

// A chain is the values of a key: the items from first on, each with the number of the
// next, in the order in which they were added.
type chain struct{ first, last int }

type item[V any] struct {
	value V
	input int
	next  int // 0: none
}

func newListed[K cmp.Ordered, V any](s sizes[K, V]) *listed[K, V] {
	return &listed[K, V]{index: newIndex[K, chain](), sizes: s, each: entryBytes[K, chain]()}
}

func (t *listed[K, V]) add(input int, key K, value V) int {
	i := len(t.items)
	t.items = append(t.items, item[V]{value: value, input: input})
	e, isNew := t.entry(key)
	if isNew {
		e.kept = chain{i, i}
		t.taken += t.each
	} else {
		t.items[e.kept.last].next = i
		e.kept.last = i
	}
	t.taken += 2*int(unsafe.Sizeof(t.items[i])) + t.sizes.pair(&e.key, &value)
	t.scattered = t.scattered || input < t.last
	t.last = input
	return t.taken
}

func (t *listed[K, V]) sort(partition func(K) int) {
	t.index.sort(partition)
	if !t.scattered {
		return
	}
	var numbers []int
	for i := range t.entries {
		c := &t.entries[i].kept
		numbers = numbers[:0]
		for n := c.first; ; n = t.items[n].next {
			numbers = append(numbers, n)
			if n == c.last {
				break
			}
		}
		slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(t.items[a].input, t.items[b].input) })
		c.first, c.last = numbers[0], numbers[len(numbers)-1]
		for j, n := range numbers[1:] {
			t.items[numbers[j]].next = n
		}
	}
}

func (t *listed[K, V]) cursor(partition int) *cursor[K, V] {
	rest := t.part(partition)
	next := -1 // item, -1: the first one
	return &cursor[K, V]{read: func(p *pair[K, V]) (bool, error) {
		if len(rest) == 0 {
			return false, nil
		}
		c := rest[0].kept
		if next < 0 {
			next = c.first
		}
		it := &t.items[next]
		p.key, p.value, p.input = rest[0].key, it.value, it.input
		if next == c.last {
			rest, next = rest[1:], -1
		} else {
			next = it.next
		}
		return true, nil
	}}
}

func (t *listed[K, V]) reset() {
	t.index.reset()
	clear(t.items)
	t.items = t.items[:0]
	t.taken, t.last, t.scattered = 0, 0, false
}
