package boundedbuf

import (
	"context"
	"errors"
	"runtime"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/internal/waitq"
)

var (
	// ErrClosed is returned by puts into a closed buffer, and by gets from a
	// closed buffer that is empty.
	ErrClosed = errors.New("boundedbuf: closed")
	// ErrFull is returned by puts into a full buffer that [WhenFull] keeps from
	// waiting and that did not make room.
	ErrFull = errors.New("boundedbuf: full")
)

// PanicError is the error of a call that waited while its item was compared with
// others, if less panicked. It carries the value and the stack.
type PanicError = panics.PanicError

// Buffer is a queue with a fixed capacity. Create one with [New], [NewLIFO] or
// [NewPriority].
//
// Invariants, whenever mu is free:
//   - items has at most capacity items. Nothing that has left stays reachable.
//   - A getter is parked only while there is no item, and a putter only while
//     there is no room, unless one before it was called and has yet to run: it
//     will look after the others.
//   - unfinished is the number of items that were put, less those that Done was
//     called for and those that were dropped or returned by CloseNow.
//   - Nobody waits to put into, or to get from, a closed buffer.
type Buffer[T any] struct {
	whenFull Policy

	mu         waitq.Mutex // guards the fields below
	items      store[T]
	closed     bool
	unfinished int
	high       int   // the most items that there ever were
	dropped    int64 // items that made room for others
	getters    waitq.Queue[move[T]]
	putters    waitq.Queue[move[T]]
	joiners    waitq.Queue[struct{}]
}

// move is what a call puts or gets: one item, or if there is a batch, that.
type move[T any] struct {
	item  T
	batch []T // what remains to be put, or to be written to
	n     int // how many of the batch were moved
}

// New returns an empty buffer from which items leave in the order in which they
// entered. It has room for capacity of them, whose memory it allocates. It
// panics if capacity is below 1.
func New[T any](capacity int, opts ...Option) *Buffer[T] {
	return newBuffer(store[T]{order: fifo, slots: make([]T, checked(capacity))}, opts)
}

// NewLIFO is like [New], but the item that entered last leaves first.
func NewLIFO[T any](capacity int, opts ...Option) *Buffer[T] {
	return newBuffer(store[T]{order: lifo, slots: make([]T, checked(capacity))}, opts)
}

// NewPriority is like [New], but an item leaves before those that it is less
// than; of equal ones the one that entered first leaves first. A put or get
// compares O(log n) items. Its memory grows with the number of items.
//
// less is called while the buffer is locked: it must return soon, call no method
// of the buffer, and always answer the same for the same items. If it panics,
// the call that it was for panics, or fails with a [*PanicError] if it was
// waiting, and no item is lost.
func NewPriority[T any](capacity int, less func(a, b T) bool, opts ...Option) *Buffer[T] {
	return newBuffer(store[T]{order: priority, heap: heap[T]{capacity: checked(capacity), less: less}}, opts)
}

func checked(capacity int) int {
	if capacity < 1 {
		panic("boundedbuf: capacity below 1")
	}
	return capacity
}

func newBuffer[T any](items store[T], opts []Option) *Buffer[T] {
	var c config
	for _, opt := range opts {
		opt(&c)
	}
	if c.whenFull == EvictLowest && items.order != priority {
		panic("boundedbuf: EvictLowest without priorities")
	}
	return &Buffer[T]{items: items, whenFull: c.whenFull}
}

// Put adds v. While the buffer is full it blocks, unless [WhenFull] says
// otherwise, until it is its turn, the buffer is closed, or ctx ends. It returns
// nil, [ErrClosed], [ErrFull] or ctx.Err(); with an error v is not in the
// buffer.
//
// Put synchronizes before the return of the Get that takes v.
func (b *Buffer[T]) Put(ctx context.Context, v T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.items.order != priority { // what nearly every put does, in line
		if !b.mu.TryLock() {
			b.mu.Lock()
		}
		if b.items.n < len(b.items.slots) && !b.closed {
			b.items.pushRing(v)
			b.countLocked(1)
			if b.getters.ParkedLocked() {
				b.serveLocked()
			}
			b.mu.Unlock()
			return nil
		}
		b.mu.Unlock()
	}
	m := move[T]{item: v}
	done, err := b.give(&m)
	if !done {
		_, err = b.wait(ctx, &b.putters, m)
	}
	return err
}

// TryPut adds v if there is room, or if [WhenFull] makes some, and reports
// whether it did. It never blocks. It returns false if the buffer is closed.
func (b *Buffer[T]) TryPut(v T) bool {
	done, err := b.give(&move[T]{item: v})
	return done && err == nil
}

// Get takes the item whose turn it is. While the buffer is empty it blocks until
// an item comes, the buffer is closed, or ctx ends. It returns [ErrClosed] once
// the buffer is closed and empty, or ctx.Err(); with an error nothing was taken.
func (b *Buffer[T]) Get(ctx context.Context) (T, error) {
	if err := ctx.Err(); err != nil {
		var zero T
		return zero, err
	}
	if b.items.order != priority { // what nearly every get does, in line
		if !b.mu.TryLock() {
			b.mu.Lock()
		}
		if b.items.n > 0 {
			v := b.items.popRing()
			if b.putters.ParkedLocked() {
				b.serveLocked()
			}
			b.mu.Unlock()
			return v, nil
		}
		b.mu.Unlock()
	}
	var m move[T]
	done, err := b.take(&m)
	if !done {
		m, err = b.wait(ctx, &b.getters, m)
	}
	return m.item, err
}

// TryGet takes the item whose turn it is, if there is one. It never blocks.
func (b *Buffer[T]) TryGet() (v T, ok bool) {
	var m move[T]
	done, err := b.take(&m)
	return m.item, done && err == nil
}

// wait makes the move m, or a part of it, when it is the caller's turn in q, which
// is putters or getters.
func (b *Buffer[T]) wait(ctx context.Context, q *waitq.Queue[move[T]], m move[T]) (move[T], error) {
	for range waitq.Tries() {
		runtime.Gosched()
		if err := ctx.Err(); err != nil {
			return m, err
		}
		explore.Point("boundedbuf: about to look again")
		// Not by a func: m would move to the heap.
		var done bool
		var err error
		if q == &b.putters {
			done, err = b.give(&m)
		} else {
			done, err = b.take(&m)
		}
		if done {
			return m, err
		}
	}
	w := waitq.NewWaiter(ctx, m)
	explore.Point("boundedbuf: about to wait")
	b.mu.Lock()
	q.PushLocked(w)
	b.serveLocked()
	b.mu.Unlock()
	err := q.Wait(&b.mu, w, b.serveLocked)
	return w.Value, err
}

// serveLocked serves those who wait, as far as there are items and room, and
// fails those who would wait in vain.
func (b *Buffer[T]) serveLocked() {
	if b.closed {
		b.putters.FailAllLocked(ErrClosed)
	}
	for b.getters.ServeLocked(b.anyLocked, b.takeForLocked)+b.putters.ServeLocked(b.roomLocked, b.giveForLocked) > 0 {
		// What one side has moved may be what the other one waits for.
	}
	if b.closed && b.items.len() == 0 {
		b.getters.FailAllLocked(ErrClosed)
	}
}

func (b *Buffer[T]) anyLocked(*waitq.Waiter[move[T]]) bool  { return b.items.len() > 0 }
func (b *Buffer[T]) roomLocked(*waitq.Waiter[move[T]]) bool { return b.items.len() < b.items.cap() }

// takeForLocked and giveForLocked move items for a waiter, often not by its
// goroutine: a panic is the waiter's error.
func (b *Buffer[T]) takeForLocked(w *waitq.Waiter[move[T]]) (err error) {
	defer recoverTo(&err)
	_, err = b.takeLocked(&w.Value)
	return err
}

func (b *Buffer[T]) giveForLocked(w *waitq.Waiter[move[T]]) (err error) {
	defer recoverTo(&err)
	_, err = b.giveLocked(&w.Value)
	return err
}

func recoverTo(err *error) {
	if value := recover(); value != nil {
		*err = panics.New(value)
	}
}
