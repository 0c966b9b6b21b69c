package boundedbuf

import (
	"context"
	"iter"
)

// PutAll adds the items in their order, as many at a time as there is room for,
// and blocks like [Buffer.Put] while there is none. Items of other producers can
// come between them. It returns how many were put, all of them if the error is
// nil.
func (b *Buffer[T]) PutAll(ctx context.Context, items []T) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m := move[T]{batch: items}
	for len(m.batch) > 0 {
		done, err := b.give(&m)
		if !done {
			m, err = b.wait(ctx, &b.putters, m)
		}
		if err != nil {
			return m.n, err
		}
	}
	return m.n, nil
}

// GetBatch waits like [Buffer.Get] for one item, and takes with it as many more
// as are there and dst has room for, in their order. It returns how many it
// wrote to dst: at least 1 if the error is nil and dst is not empty.
func (b *Buffer[T]) GetBatch(ctx context.Context, dst []T) (int, error) {
	if err := ctx.Err(); err != nil || len(dst) == 0 {
		return 0, err
	}
	m := move[T]{batch: dst}
	done, err := b.take(&m)
	if !done {
		m, err = b.wait(ctx, &b.getters, m)
	}
	return m.n, err
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

// give puts m or some of its batch. done is false if it has to wait.
func (b *Buffer[T]) give(m *move[T]) (done bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock() // even if less panics
	if done, err = b.giveLocked(m); b.getters.ParkedLocked() {
		b.serveLocked()
	}
	return done, err
}

// take gets m or some of its batch. done is false if it has to wait.
func (b *Buffer[T]) take(m *move[T]) (done bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock() // even if less panics
	if done, err = b.takeLocked(m); b.putters.ParkedLocked() {
		b.serveLocked()
	}
	return done, err
}

// giveLocked is give, but leaves those who wait for an item to be served.
func (b *Buffer[T]) giveLocked(m *move[T]) (done bool, err error) {
	if m.batch == nil {
		return b.putLocked(m.item)
	}
	for len(m.batch) > 0 {
		n := 1
		if many := b.putManyLocked(m.batch); many > 0 {
			n = many
		} else if could, err := b.putLocked(m.batch[0]); !could || err != nil {
			return done || err != nil, err
		}
		m.batch = m.batch[n:]
		m.n += n
		done = true
	}
	return true, nil
}

// putManyLocked puts what there is room for, if that can be done at once.
func (b *Buffer[T]) putManyLocked(items []T) int {
	if b.closed || b.items.order == priority {
		return 0
	}
	n := b.items.pushAll(items)
	b.countLocked(n)
	return n
}

// putLocked puts v. done is false if it has to wait.
func (b *Buffer[T]) putLocked(v T) (done bool, err error) {
	if b.closed {
		return true, ErrClosed
	}
	if b.items.len() == b.items.cap() {
		if b.whenFull == Block {
			return false, nil
		}
		if !b.evictLocked(v) {
			return true, ErrFull
		}
	}
	b.items.push(v)
	b.countLocked(1)
	return true, nil
}

// countLocked accounts for n items that were put.
func (b *Buffer[T]) countLocked(n int) {
	b.unfinished += n
	b.high = max(b.high, b.items.len())
}

// takeLocked is take, but leaves those who wait for room to be served.
func (b *Buffer[T]) takeLocked(m *move[T]) (done bool, err error) {
	switch {
	case b.items.len() == 0 && b.closed:
		return true, ErrClosed
	case b.items.len() == 0:
		return false, nil
	case m.batch == nil:
		m.item = b.items.pop()
	default:
		m.n = b.items.popAll(m.batch)
	}
	return true, nil
}
