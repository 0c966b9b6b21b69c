package boundedbuf

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// ErrClosed is returned by puts into a closed buffer, and by gets from a closed
// buffer that is empty.
var ErrClosed = errors.New("boundedbuf: closed")

// Buffer is a first-in, first-out queue with a fixed capacity. Create one with
// [New].
//
// Invariants:
//   - ring[head], ..., ring[head+n-1], taken modulo len(ring), are the items in
//     their order; the other slots are zero, so that nothing that was taken
//     stays reachable.
//   - A getter waits only while n == 0, a putter only while n == len(ring).
//   - Nobody waits in a closed buffer.
type Buffer[T any] struct {
	mu      sync.Mutex // guards the fields below
	ring    []T
	head, n int
	closed  bool
	getters waitq.Queue[T] // Value: the item, once granted
	putters waitq.Queue[T] // Value: the item to put
}

// New returns an empty buffer for capacity items, whose memory it allocates. It
// panics if capacity is below 1.
func New[T any](capacity int) *Buffer[T] {
	if capacity < 1 {
		panic("boundedbuf: capacity below 1")
	}
	return &Buffer[T]{ring: make([]T, capacity)}
}

// Put appends v. While the buffer is full it blocks until it is its turn, the
// buffer is closed, or ctx ends. It returns nil, [ErrClosed] or ctx.Err(); with
// an error v is not in the buffer.
//
// Put synchronizes before the return of the Get that takes v.
func (b *Buffer[T]) Put(ctx context.Context, v T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	done, err := b.putLocked(v)
	b.mu.Unlock()
	if done {
		return err
	}
	w := waitq.NewWaiter(ctx, v)
	explore.Point("boundedbuf: about to wait for room")
	b.mu.Lock()
	// A slot may have become free while the mutex was.
	if done, err := b.putLocked(v); done {
		b.mu.Unlock()
		return err
	}
	b.putters.PushLocked(w)
	b.mu.Unlock()
	// A putter that leaves bars nobody: the buffer is still full.
	return b.putters.Wait(&b.mu, w, nil)
}

// TryPut appends v if there is room and reports whether it did. It never
// blocks. It returns false if the buffer is full or closed.
func (b *Buffer[T]) TryPut(v T) bool {
	b.mu.Lock()
	done, err := b.putLocked(v)
	b.mu.Unlock()
	return done && err == nil
}

// Get takes the first item. While the buffer is empty it blocks until an item
// comes, the buffer is closed, or ctx ends. It returns [ErrClosed] once the
// buffer is closed and empty, or ctx.Err(); with an error nothing was taken.
func (b *Buffer[T]) Get(ctx context.Context) (T, error) {
	var one [1]T
	_, err := b.GetBatch(ctx, one[:])
	return one[0], err
}

// TryGet takes the first item, if there is one. It never blocks.
func (b *Buffer[T]) TryGet() (v T, ok bool) {
	b.mu.Lock()
	if b.n > 0 {
		v, ok = b.takeLocked(), true
	}
	b.mu.Unlock()
	return v, ok
}

// PutAll appends the items in their order, as many at a time as there is room
// for, and blocks like [Buffer.Put] while there is none. Items of other
// producers can come between them. It returns how many were put, all of them if
// the error is nil.
func (b *Buffer[T]) PutAll(ctx context.Context, items []T) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for i := 0; ; i++ {
		b.mu.Lock()
		for i < len(items) {
			done, err := b.putLocked(items[i])
			if err != nil {
				b.mu.Unlock()
				return i, err
			}
			if !done {
				break
			}
			i++
		}
		b.mu.Unlock()
		if i == len(items) {
			return i, nil
		}
		explore.Point("boundedbuf: put what there was room for")
		if err := b.Put(ctx, items[i]); err != nil {
			return i, err
		}
	}
}

// GetBatch waits like [Buffer.Get] for one item, and takes with it as many more
// as are there and dst has room for, in their order. It returns how many it
// wrote to dst: at least 1 if the error is nil and dst is not empty.
func (b *Buffer[T]) GetBatch(ctx context.Context, dst []T) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(dst) == 0 {
		return 0, nil
	}
	b.mu.Lock()
	n, err := b.getLocked(dst)
	b.mu.Unlock()
	if n > 0 || err != nil {
		return n, err
	}
	var zero T
	w := waitq.NewWaiter(ctx, zero)
	explore.Point("boundedbuf: about to wait for an item")
	b.mu.Lock()
	// An item may have come while the mutex was free.
	if n, err := b.getLocked(dst); n > 0 || err != nil {
		b.mu.Unlock()
		return n, err
	}
	b.getters.PushLocked(w)
	b.mu.Unlock()
	// A getter that leaves bars nobody: the buffer is still empty.
	if err := b.getters.Wait(&b.mu, w, nil); err != nil {
		return 0, err
	}
	dst[0] = w.Value
	return 1, nil
}

// All returns an iterator that takes items, blocking like [Buffer.Get], until
// the buffer is closed and empty or ctx ends; ctx.Err() tells which. Several
// loops can share a buffer: each item goes to one of them.
func (b *Buffer[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			v, err := b.Get(ctx)
			if err != nil || !yield(v) {
				return
			}
		}
	}
}

// Close lets no more items in. Waiting puts return [ErrClosed]; gets take what
// is left and then return it too. Closing again does nothing.
func (b *Buffer[T]) Close() {
	b.mu.Lock()
	b.closed = true
	b.putters.FailAllLocked(ErrClosed)
	b.getters.FailAllLocked(ErrClosed)
	b.mu.Unlock()
}

// putLocked puts v if it need not wait. done is false if the buffer is full.
func (b *Buffer[T]) putLocked(v T) (done bool, err error) {
	if b.closed {
		return true, ErrClosed
	}
	if w := b.getters.FrontLocked(); w != nil {
		w.Value = v
		b.getters.GrantLocked(w)
		return true, nil
	}
	if b.n == len(b.ring) {
		return false, nil
	}
	b.appendLocked(v)
	return true, nil
}

// getLocked moves what is there to dst. It returns 0, nil if the caller has to
// wait.
func (b *Buffer[T]) getLocked(dst []T) (n int, err error) {
	for n < len(dst) && b.n > 0 {
		dst[n] = b.takeLocked()
		n++
	}
	if n == 0 && b.closed {
		err = ErrClosed
	}
	return n, err
}

// takeLocked removes the first item, and lets the first waiting putter in.
func (b *Buffer[T]) takeLocked() T {
	var zero T
	v := b.ring[b.head]
	b.ring[b.head] = zero
	b.head++
	if b.head == len(b.ring) {
		b.head = 0
	}
	b.n--
	if w := b.putters.FrontLocked(); w != nil {
		b.appendLocked(w.Value)
		b.putters.GrantLocked(w)
	}
	return v
}

func (b *Buffer[T]) appendLocked(v T) {
	i := b.head + b.n
	if i >= len(b.ring) {
		i -= len(b.ring)
	}
	b.ring[i] = v
	b.n++
}

// Len returns the number of items in the buffer.
func (b *Buffer[T]) Len() int { return b.Stats().Len }

// Cap returns the capacity.
func (b *Buffer[T]) Cap() int { return len(b.ring) }

// Stats is the state of a [Buffer] at one instant.
type Stats struct {
	Len, Cap int
	Putting  int // calls that are parked because the buffer is full
	Getting  int // calls that are parked because it is empty
	Closed   bool
}

// String returns the statistics on one line.
func (st Stats) String() string {
	return fmt.Sprintf("len=%d cap=%d putting=%d getting=%d closed=%t",
		st.Len, st.Cap, st.Putting, st.Getting, st.Closed)
}

// Stats returns the current state, taken in one go.
func (b *Buffer[T]) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Stats{
		Len: b.n, Cap: len(b.ring),
		Putting: b.putters.LenLocked(), Getting: b.getters.LenLocked(),
		Closed: b.closed,
	}
}
