package semaphore

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

var (
	// ErrTooLarge says that a weight is above the limit and could not be granted.
	ErrTooLarge = errors.New("semaphore: weight exceeds the limit")
	// ErrClosed says that the semaphore was closed.
	ErrClosed = errors.New("semaphore: closed")
	// ErrFull says that as many calls wait as [MaxWaiters] allows.
	ErrFull = errors.New("semaphore: too many waiters")
)

const (
	// barred is the sign bit of Weighted.state.
	barred = math.MinInt64

	// cacheLine is two lines of 64 bytes: processors fetch them in pairs.
	cacheLine = 128
)

// Weighted is a counting semaphore whose holders can take more than one unit.
// Create one with [NewWeighted].
//
// Invariants, whenever mu is free:
//   - free + (units held) = limit + debt, with free the low 63 bits of state;
//     free, debt and limit are never negative.
//   - If state is not barred, nothing but units depends on the next Release or
//     Acquire: there is no debt, no call of Drain waits, it is not closed, and
//     nobody waits for units, unless the first waiter was called and has yet to
//     run: it will look after the others.
//   - A waiter that is parked at the front does not fit, unless a Release that
//     has added its units is about to take mu.
type Weighted struct {
	// state is the number of free units. With the barred bit set, calls must
	// take mu: those of Acquire because they must not overtake, those of
	// Release because somebody has to be told. While it is set, units are
	// taken under mu only.
	state atomic.Int64
	// bound is what an addition by Release must stay below: the limit plus one, or
	// zero if the limit is so high that additions could overflow.
	bound atomic.Int64 // changed under mu
	limit atomic.Int64 // changed under mu
	_     [cacheLine - 24]byte

	mu         waitq.Mutex           // guards the fields below
	waiters    waitq.Queue[int64]    // Value: the units asked for
	drains     waitq.Queue[struct{}] // calls of Drain
	debt       int64                 // units still held above a lowered limit
	closed     bool
	maxWaiters int
}

// NewWeighted returns a semaphore with limit units, all of them free. It panics
// if limit is negative.
func NewWeighted(limit int64, opts ...Option) *Weighted {
	if limit < 0 {
		panic("semaphore: negative limit")
	}
	s := &Weighted{maxWaiters: math.MaxInt}
	for _, opt := range opts {
		opt(s)
	}
	s.state.Store(limit)
	s.setLimit(limit)
	return s
}

// Acquire takes n units. While they are not free, or it must not overtake those
// who wait, it blocks until it is its turn or ctx ends.
//
// With an error it holds nothing, and the caller must not release: ctx.Err() if
// ctx ended before the units were granted, a ctx that had ended before the call
// included; [ErrTooLarge] if n exceeds the limit, also if a Resize lowers the
// limit below n in the meantime; [ErrClosed]; [ErrFull]. It panics if n is
// negative.
//
// A Release synchronizes before the return of every Acquire that it allowed.
func (s *Weighted) Acquire(ctx context.Context, n int64) error {
	checkWeight(n)
	if err := ctx.Err(); err != nil {
		return err
	}
	free := s.state.Load() // negative if barred, hence less than n
	explore.Point("semaphore: about to acquire")
	if free >= n && s.state.CompareAndSwap(free, free-n) {
		return nil
	}
	return s.wait(ctx, n)
}

// TryAcquire takes n units and reports whether it did. It never blocks. It
// returns false if they are not free, or if others wait for their turn, or if
// the semaphore is closed. It panics if n is negative.
func (s *Weighted) TryAcquire(n int64) bool {
	checkWeight(n)
	for {
		free := s.state.Load()
		switch {
		case free < 0: // barred
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.admitLocked(n)
		case free < n:
			return false
		}
		explore.Point("semaphore: about to try")
		if s.state.CompareAndSwap(free, free-n) {
			return true
		}
		waitq.Pause()
	}
}

// Release gives back n units, for those who wait or else for the next to come.
// It never blocks. It panics, and changes nothing, if n is negative or more
// than is held; if two calls release the same units at the same moment, one of
// them panics, or else a later one that by then releases too much.
func (s *Weighted) Release(n int64) {
	checkWeight(n)
	bound, free := s.bound.Load(), s.state.Load()
	explore.Point("semaphore: about to release")
	if bound-free <= n { // or barred, by which the difference overflows
		s.releaseSlow(n, false)
		return
	}
	// An addition cannot fail, unlike a CompareAndSwap that other cores compete
	// with. What was checked above can have changed by now, though: hence the
	// second look.
	if uint64(s.state.Add(n)) >= uint64(bound) { // or barred, hence negative
		explore.Point("semaphore: released while barred")
		s.releaseSlow(n, true)
	}
}

// wait takes n units when it is the caller's turn.
func (s *Weighted) wait(ctx context.Context, n int64) error {
	for range waitq.Tries() {
		free := s.state.Load()
		if free < 0 || n > s.limit.Load() {
			break // others wait in turn, or in vain: do not jump the queue
		}
		if free < n {
			runtime.Gosched()
		} else {
			waitq.Pause()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		free = s.state.Load()
		explore.Point("semaphore: about to acquire again")
		if free >= n && s.state.CompareAndSwap(free, free-n) {
			return nil
		}
	}
	w := waitq.NewWaiter(ctx, n)
	s.mu.Lock()
	granted, err := s.joinLocked(w)
	s.mu.Unlock()
	if granted || err != nil {
		return err
	}
	return s.waiters.Wait(&s.mu, w, s.serveLocked)
}

func (s *Weighted) releaseSlow(n int64, added bool) {
	if free := s.state.Load(); !added && free >= 0 && free <= s.limit.Load()-n {
		explore.Point("semaphore: about to release without an addition")
		if s.state.CompareAndSwap(free, free+n) {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.serveLocked()
	s.state.Or(barred) // so that nobody comes between the check and what follows
	switch {
	case !added && n <= s.heldLocked():
		s.state.Add(n)
	case !added:
		panic("semaphore: released more than held")
	case s.heldLocked() < 0:
		s.state.Add(-n)
		panic("semaphore: released more than held")
	}
}

func (s *Weighted) setLimit(n int64) {
	s.limit.Store(n)
	if n > math.MaxInt64/2 {
		n = -1
	}
	s.bound.Store(n + 1)
}

func checkWeight(n int64) {
	if n < 0 {
		panic("semaphore: negative weight")
	}
}
