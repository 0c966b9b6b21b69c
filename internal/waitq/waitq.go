// Package waitq is the one place where goroutines park: in a [Queue], the first-in,
// first-out queue of those who wait for something of their own, each of which
// leaves when it is woken or when its context ends; or at a [Gate], where all wait
// for the same event.
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
//   - A waiter that leaves without a grant tells its owner, which serves those
//     behind that now fit.
//
// An owner that lets newcomers compete with its waiters does not grant at once:
// [Queue.ServeLocked] calls the front waiter, which keeps its place in the queue
// and is granted, or parks again, when it runs.
//
// # When not to use it
//
// A goroutine that waits for one event that never reverts, and does so long enough
// to park, needs only a channel that is closed.
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
// as in tokio's batch semaphore. To call instead of to grant is how sync.Mutex
// treats its waiters.
package waitq

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// A Waiter is the place of one parked call in a [Queue].
type Waiter[T any] struct {
	// Value is what the waiter asks for, or where a grant puts what it gets.
	// The owner's mutex guards it until Wait returns; then it is the caller's.
	Value T

	ctx   context.Context
	done  <-chan struct{} // ctx.Done(), kept to ask under the mutex whether ctx is live
	since time.Duration   // when it began to wait, after epoch
	// wake has room for the one signal that can be outstanding: true says that
	// the waiter is settled, false that it was called.
	wake chan bool

	// Guarded by the owner's mutex.
	prev, next *Waiter[T]
	state      state
	err        error // why the waiter was settled without a grant
}

type state uint8

const (
	detached  state = iota // not yet pushed, or gone because its context ended
	parked                 // in the queue
	called                 // in the queue, signalled, and not yet running
	competing              // in the queue and running; its owner serves it now or never
	settled                // granted or failed
)

// NewWaiter returns a waiter for one call that is about to park. It calls
// ctx.Done, which can be code of the user: call it without holding a mutex.
func NewWaiter[T any](ctx context.Context, value T) *Waiter[T] {
	return &Waiter[T]{
		Value: value, ctx: ctx, done: ctx.Done(),
		since: time.Since(epoch), wake: make(chan bool, 1),
	}
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
// meets the n waiters that are neither detached nor settled, and ends at tail.
type Queue[T any] struct {
	head, tail *Waiter[T]
	n          int
}

// PushLocked appends w, which must be new.
func (q *Queue[T]) PushLocked(w *Waiter[T]) {
	w.state = parked
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
		q.removeLocked(w, detached)
	}
	return nil
}

// GrantLocked wakes w, a waiter that was found live in the same critical
// section; its Wait returns nil.
func (q *Queue[T]) GrantLocked(w *Waiter[T]) { q.SettleLocked(w, nil) }

// GrantAllLocked wakes every waiter whose context is live; its Wait returns nil.
func (q *Queue[T]) GrantAllLocked() { q.FailAllLocked(nil) }

// AllLocked returns an iterator over the waiters whose context is live. The one
// it yields can be granted or failed.
func (q *Queue[T]) AllLocked() iter.Seq[*Waiter[T]] {
	return func(yield func(*Waiter[T]) bool) {
		for w := q.head; w != nil; {
			next := w.next
			if w.live() && !yield(w) {
				return
			}
			w = next
		}
	}
}

// FailAllLocked wakes every waiter; each Wait returns err, or the error of its
// context if that had ended.
func (q *Queue[T]) FailAllLocked(err error) {
	for w := q.FrontLocked(); w != nil; w = q.FrontLocked() {
		q.SettleLocked(w, err)
	}
}

// LenLocked returns the number of waiters. Those whose context has just ended
// count until they have left.
func (q *Queue[T]) LenLocked() int { return q.n }

// Wait parks until w, which was pushed, is settled or its context ends. It
// returns nil if w was granted, the error it was failed with, or ctx.Err().
//
// mu is the owner's mutex and must not be held. serveLocked, unless nil, is
// called with mu held when w has left because its context ended, since w may
// have been what kept those behind it waiting, and when w was called.
//
// What GrantLocked's caller did before synchronizes before Wait returns nil.
func (q *Queue[T]) Wait(mu sync.Locker, w *Waiter[T], serveLocked func()) error {
	explore.Point("waitq: about to park")
	for {
		select {
		case final := <-w.wake:
			explore.Point("waitq: woken")
			if final {
				return w.err
			}
		case <-w.done:
			explore.Point("waitq: context ended")
		}
		mu.Lock()
		over := q.wokenLocked(w, serveLocked)
		mu.Unlock()
		if over {
			if w.state == settled {
				return w.err
			}
			return w.ctx.Err()
		}
	}
}

// wokenLocked reports whether w's wait is over.
func (q *Queue[T]) wokenLocked(w *Waiter[T], serveLocked func()) bool {
	if w.state == settled {
		return true
	}
	live := w.live()
	if live {
		w.state = competing
	} else if w.state != detached {
		q.removeLocked(w, detached)
	}
	if serveLocked != nil {
		serveLocked()
	}
	if w.state == competing {
		w.state = parked
	}
	return !live || w.state == settled
}

// SettleLocked wakes w; its Wait returns err, nil for a grant.
func (q *Queue[T]) SettleLocked(w *Waiter[T], err error) {
	// One that was called has its signal; one that is competing looks for itself.
	signal := w.state == parked
	q.removeLocked(w, settled)
	w.err = err
	if signal {
		w.wake <- true
	}
}

func (q *Queue[T]) removeLocked(w *Waiter[T], to state) {
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
	w.state = to
	q.n--
}
