package boundedbuf

// store holds the items of a buffer in one of three orders. It is guarded by the
// buffer's mutex. A switch, and not an interface: nearly all of a put or get
// that does not wait is what is here.
//
// Invariants, but for priority: slots[head], ..., slots[head+n-1], taken modulo
// len(slots), are the items in the order in which they entered; the other slots
// are zero, so that nothing that has left stays reachable. A stack keeps to head
// = 0, unless its oldest items were dropped.
type store[T any] struct {
	order order
	slots []T
	head  int
	n     int
	heap  heap[T] // for priority, instead of the three above
}

type order uint8

const (
	fifo order = iota
	lifo
	priority
)

func (s *store[T]) len() int {
	if s.order == priority {
		return len(s.heap.entries)
	}
	return s.n
}

func (s *store[T]) cap() int {
	if s.order == priority {
		return s.heap.capacity
	}
	return len(s.slots)
}

// push adds v, for which there must be room.
func (s *store[T]) push(v T) {
	if s.order == priority {
		s.heap.push(v)
	} else {
		s.pushRing(v)
	}
}

func (s *store[T]) pushRing(v T) {
	s.slots[s.index(s.n)] = v
	s.n++
}

// pop removes the item whose turn it is; there must be one.
func (s *store[T]) pop() T {
	if s.order == priority {
		return s.heap.remove(0)
	}
	return s.popRing()
}

func (s *store[T]) popRing() (v T) {
	at := s.head
	if s.order == lifo {
		at = s.index(s.n - 1)
	} else {
		s.head = s.index(1)
	}
	s.n--
	v, s.slots[at] = s.slots[at], v
	return v
}

// popOldest removes the item that entered first.
func (s *store[T]) popOldest() (v T) {
	if s.order == priority {
		return s.heap.remove(s.heap.oldest())
	}
	at := s.head
	s.head = s.index(1)
	s.n--
	v, s.slots[at] = s.slots[at], v
	return v
}

// pushAll adds as many items as there is room for and returns how many. It is
// not for priority.
func (s *store[T]) pushAll(items []T) int {
	n := min(len(items), len(s.slots)-s.n)
	for done := 0; done < n; {
		copied := copy(s.slots[s.index(s.n):], items[done:n])
		done += copied
		s.n += copied
	}
	return n
}

// popAll moves the items whose turn it is to dst and returns how many.
func (s *store[T]) popAll(dst []T) (done int) {
	n := min(len(dst), s.len())
	if s.order != fifo {
		defer func() {
			if done > 0 {
				_ = recover() // less panicked: what has left must be delivered
			}
		}()
		for done < n {
			dst[done] = s.pop()
			done++
		}
		return done
	}
	for done < n {
		items := s.slots[s.head:min(s.head+n-done, len(s.slots))]
		done += copy(dst[done:], items)
		clear(items)
		s.head = s.index(len(items))
		s.n -= len(items)
	}
	return done
}

// index returns where the ith item is, or will be.
func (s *store[T]) index(i int) int {
	if i += s.head; i >= len(s.slots) {
		i -= len(s.slots)
	}
	return i
}

// drain removes all items and returns them in the order in which they would have
// left.
func (s *store[T]) drain() []T {
	if s.order == priority {
		items := s.heap.all()
		s.heap.entries = nil
		return items
	}
	items := make([]T, s.n)
	s.popAll(items)
	return items
}
