package boundedbuf

import (
	"cmp"
	"slices"
)

// heap is a binary heap in which equal items keep the order of their arrival.
// container/heap moves items while it compares them: if less panicked, they would
// be left in disorder. Here the way is found first, and then taken.
//
// Invariant: no entry goes before its parent, entries[(i-1)/2].
type heap[T any] struct {
	capacity int
	less     func(a, b T) bool
	entries  []entry[T]
	arrivals uint64
}

type entry[T any] struct {
	item    T
	arrival uint64
}

// before reports whether a leaves before b.
func (h *heap[T]) before(a, b entry[T]) bool {
	switch {
	case h.less(a.item, b.item):
		return true
	case h.less(b.item, a.item):
		return false
	default:
		return a.arrival < b.arrival
	}
}

func (h *heap[T]) push(v T) {
	e := entry[T]{v, h.arrivals}
	at := h.rise(len(h.entries), e)
	h.arrivals++
	h.entries = append(h.entries, e)
	h.lower(len(h.entries)-1, at, e)
}

// rise returns where e, which is to be put at i, goes among the parents of i.
func (h *heap[T]) rise(i int, e entry[T]) int {
	for i > 0 && h.before(e, h.entries[(i-1)/2]) {
		i = (i - 1) / 2
	}
	return i
}

// lower moves the parents of from, up to the one at to, to the place below, and
// puts e into the place that becomes free.
func (h *heap[T]) lower(from, to int, e entry[T]) {
	for from > to {
		parent := (from - 1) / 2
		h.entries[from] = h.entries[parent]
		from = parent
	}
	h.entries[to] = e
}

// remove removes the entry at i and returns its item.
func (h *heap[T]) remove(i int) T {
	last := len(h.entries) - 1
	e := h.entries[last] // it takes the free place, or that of a parent or child
	item := h.entries[i].item
	if i < last {
		if up := h.rise(i, e); up < i {
			h.lower(i, up, e)
		} else {
			down := h.sink(i, last, e)
			h.raise(i, down, e)
		}
	}
	h.entries[last] = entry[T]{}
	h.entries = h.entries[:last]
	return item
}

// sink returns where e, which is to be put at i, goes among the first children
// below i.
func (h *heap[T]) sink(i, n int, e entry[T]) int {
	for {
		child := 2*i + 1
		if child >= n {
			return i
		}
		if child+1 < n && h.before(h.entries[child+1], h.entries[child]) {
			child++
		}
		if !h.before(h.entries[child], e) {
			return i
		}
		i = child
	}
}

// raise moves the ancestors of to, down from the one below from, to the place
// above, and puts e into the place that becomes free.
func (h *heap[T]) raise(from, to int, e entry[T]) {
	for at := to; at > from; {
		parent := (at - 1) / 2
		h.entries[at], e = e, h.entries[at]
		at = parent
	}
	h.entries[from] = e
}

// oldest returns the place of the entry that came first.
func (h *heap[T]) oldest() int {
	return h.extreme(func(a, b entry[T]) bool { return a.arrival < b.arrival })
}

// last returns the place of the entry that leaves after all others.
func (h *heap[T]) last() int {
	return h.extreme(func(a, b entry[T]) bool { return h.before(b, a) })
}

// extreme returns the place of the entry that first puts before all others.
func (h *heap[T]) extreme(first func(a, b entry[T]) bool) int {
	best := 0
	for i := range h.entries {
		if first(h.entries[i], h.entries[best]) {
			best = i
		}
	}
	return best
}

// all returns the items in the order in which they would leave.
func (h *heap[T]) all() []T {
	entries := slices.SortedFunc(slices.Values(h.entries), func(a, b entry[T]) int {
		return cmp.Compare(a.arrival, b.arrival)
	})
	slices.SortStableFunc(entries, func(a, b entry[T]) int {
		switch {
		case h.less(a.item, b.item):
			return -1
		case h.less(b.item, a.item):
			return 1
		default:
			return 0
		}
	})
	items := make([]T, len(entries))
	for i, e := range entries {
		items[i] = e.item
	}
	return items
}
