package mapreduce

import "cmp"

// A pair is one that Map emitted, or several that were combined.
type pair[K cmp.Ordered, V any] struct {
	key   K
	value V
	input int // 0 if the order of values does not matter
}

// A cursor reads sorted pairs one after the other.
type cursor[K cmp.Ordered, V any] struct {
	pair  pair[K, V] // the current one
	order int        // among cursors with the same key and input
	read  func(*pair[K, V]) (bool, error)
	err   error // why next returned false, nil: there are no more
}

// next goes on to the next pair, or returns false.
func (c *cursor[K, V]) next() (ok bool) {
	ok, c.err = c.read(&c.pair)
	return ok
}

// before reports whether the pair of c comes before that of d.
func (c *cursor[K, V]) before(d *cursor[K, V]) bool {
	if n := cmp.Compare(c.pair.key, d.pair.key); n != 0 {
		return n < 0
	}
	if c.pair.input != d.pair.input {
		return c.pair.input < d.pair.input
	}
	return c.order < d.order
}

// A merger reads the pairs of several cursors in their order.
type merger[K cmp.Ordered, V any] struct {
	heap heap[*cursor[K, V]]
	err  error // of a cursor; then there is no further pair
}

// newMerger merges cursors; if pairs are equal, those of earlier cursors come first.
func newMerger[K cmp.Ordered, V any](cursors []*cursor[K, V]) *merger[K, V] {
	m := &merger[K, V]{heap: heap[*cursor[K, V]]{before: (*cursor[K, V]).before}}
	for i, c := range cursors {
		c.order = i
		if c.next() {
			m.heap.push(c)
		} else if c.err != nil {
			m.err = c.err
		}
	}
	return m
}

// current returns the current pair, or nil if there is none.
func (m *merger[K, V]) current() *pair[K, V] {
	if m.err != nil || len(m.heap.items) == 0 {
		return nil
	}
	return &m.heap.items[0].pair
}

// next goes on to the next pair.
func (m *merger[K, V]) next() {
	c := m.heap.items[0]
	switch {
	case c.next():
		m.heap.fix()
	case c.err != nil:
		m.err = c.err
	default:
		m.heap.pop()
	}
}

// at returns the current pair if it has the key, or nil.
func (m *merger[K, V]) at(key K) *pair[K, V] {
	if p := m.current(); p != nil && cmp.Compare(p.key, key) == 0 {
		return p
	}
	return nil
}

// A heap has the item that comes before all others at the front. (container/heap would
// box each item, and call through an interface to compare.)
type heap[T any] struct {
	items  []T
	before func(a, b T) bool
}

func (h *heap[T]) push(item T) {
	h.items = append(h.items, item)
	for i := len(h.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.before(h.items[i], h.items[up]) {
			return
		}
		h.items[i], h.items[up] = h.items[up], h.items[i]
		i = up
	}
}

// pop drops the front item.
func (h *heap[T]) pop() {
	last := len(h.items) - 1
	h.items[0] = h.items[last]
	clear(h.items[last:])
	h.items = h.items[:last]
	h.fix()
}

// fix restores the order after the front item was changed.
func (h *heap[T]) fix() {
	for i := 0; ; {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(h.items) && h.before(h.items[child], h.items[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.items[i], h.items[least] = h.items[least], h.items[i]
		i = least
	}
}
