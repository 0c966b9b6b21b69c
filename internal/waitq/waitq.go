// Package waitq is the one place where goroutines park: a first-in, first-out
// queue of waiters, each of which leaves when it is woken or when its context
// ends.
//
// # The problem
//
// A waiter can be granted what it waits for at the very moment its context
// ends. Every blocking primitive has to decide that race, and each way of
// getting it wrong loses something: the grant is swallowed, given twice, or
// the waiters behind are never looked at again. It is decided here, once, and
// always under the owner's mutex:
//
//   - A waiter is granted only while its context is live. [Queue.FrontLocked]
//     drops waiters whose context has ended, so a grant never reaches one of
//     them.
//   - A granted waiter succeeds, even if its context ends before it runs again.
//     Nothing has to be taken back from a waiter or passed on by it, which is
//     what makes direct hand-off of an item possible.
//   - A waiter that leaves without a grant tells its owner, which grants to
//     those behind that now fit.
//
// # When not to use it
//
// A goroutine that waits for one event that never reverts needs only a channel
// that is closed.
//
// # Concurrency properties
//
// The queue belongs to one primitive, its owner, and is guarded by the owner's
// mutex: methods whose names end in Locked need it held. They run in constant
// time, FrontLocked amortised over the waiters it drops, and call no code of
// the user. A waiter's channel is made by the waiter and used for that one
// wait, so a queue can serve one testing/synctest bubble after another.
//
// The model is trio's ParkingLot, with the state of each waiter under the lock
// as in tokio's batch semaphore.
package waitq

import (
	"context"
	"sync"
)

// A Waiter is the place of one parked call in a [Queue].
type Waiter[T any] struct {
	// Value is what the waiter asks for, or where a grant puts what it gets.
	// The owner's mutex guards it until Wait returns; then it is the caller's.
	Value T

	ctx   context.Context
	done  <-chan struct{} // ctx.Done(), kept to ask under the mutex whether ctx is live
	ready chan struct{}   // closed by the one who wakes the waiter

	// Guarded by the owner's mutex.
	prev, next *Waiter[T]
	state      state
	err        error // why the waiter was woken without a grant
}

type state uint8

const (
	detached state = iota // not yet pushed, or gone because its context ended
	queued
	woken // granted or failed: ready is closed
)

// NewWaiter returns a waiter for one call that is about to park. It calls
// ctx.Done, which can be code of the user: call it without holding a mutex.
func NewWaiter[T any](ctx context.Context, value T) *Waiter[T] {
	return &Waiter[T]{Value: value, ctx: ctx, done: ctx.Done(), ready: make(chan struct{})}
}

// live reports whether the waiter's context has not ended. Polling the channel
// stands in for ctx.Err, which can be code of the user.
func (w *Waiter[T]) live() bool {
	select {
	case <-w.done:
		return false
	default:
		return true
	}
}

// A Queue holds the waiters of one primitive in the order of their arrival.
// The zero value is an empty queue.
//
// Invariants: head and tail are both nil or both not; following next from head
// meets the n waiters whose state is queued, and ends at tail.
type Queue[T any] struct {
	head, tail *Waiter[T]
	n          int
}

// PushLocked appends w, which must be new.
func (q *Queue[T]) PushLocked(w *Waiter[T]) {
	w.state = queued
	w.prev = q.tail
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
	q.n++
}

// FrontLocked returns the first waiter whose context is live, or nil. Waiters
// before it have ended: they are dropped and will return their context's error.
func (q *Queue[T]) FrontLocked() *Waiter[T] {
	for w := q.head; w != nil; w = q.head {
		if w.live() {
			return w
		}
		q.removeLocked(w)
	}
	return nil
}

// GrantLocked wakes w, the waiter that FrontLocked returned in the same
// critical section; its Wait returns nil.
func (q *Queue[T]) GrantLocked(w *Waiter[T]) { q.wakeLocked(w, nil) }

// FailAllLocked wakes every waiter; each Wait returns err, or the error of its
// context if that had ended.
func (q *Queue[T]) FailAllLocked(err error) {
	for w := q.FrontLocked(); w != nil; w = q.FrontLocked() {
		q.wakeLocked(w, err)
	}
}

// LenLocked returns the number of waiters. Those whose context has just ended
// count until they have left.
func (q *Queue[T]) LenLocked() int { return q.n }

// Wait parks until w, which was pushed, is woken or its context ends. It
// returns nil if w was granted, the error it was failed with, or ctx.Err().
//
// mu is the owner's mutex and must not be held. If the context ended first,
// leftLocked, unless nil, is called with mu held: w may have been what kept
// those behind it waiting.
//
// What GrantLocked's caller did before synchronizes before Wait returns nil.
func (q *Queue[T]) Wait(mu sync.Locker, w *Waiter[T], leftLocked func()) error {
	select {
	case <-w.ready:
		return w.err
	case <-w.done:
	}
	mu.Lock()
	if w.state == woken {
		// Woken while the context was live; it ended since.
		mu.Unlock()
		return w.err
	}
	if w.state == queued {
		q.removeLocked(w)
	}
	if leftLocked != nil {
		leftLocked()
	}
	mu.Unlock()
	return w.ctx.Err()
}

func (q *Queue[T]) wakeLocked(w *Waiter[T], err error) {
	q.removeLocked(w)
	w.state = woken
	w.err = err
	close(w.ready)
}

func (q *Queue[T]) removeLocked(w *Waiter[T]) {
	if w.prev == nil {
		q.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	// A waiter that a caller still holds must not keep its neighbours reachable.
	w.prev, w.next = nil, nil
	w.state = detached
	q.n--
}
