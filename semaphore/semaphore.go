package semaphore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/interleave-go/interleave/internal/waitq"
)

// ErrTooLarge is returned by Acquire for a weight above the limit, which could
// never be granted.
var ErrTooLarge = errors.New("semaphore: weight exceeds the limit")

// Weighted is a counting semaphore whose holders can take more than one unit.
// Create one with [NewWeighted].
//
// Invariants:
//   - 0 <= inUse <= limit.
//   - inUse is the sum of the weights granted and not yet released.
//   - The first waiter whose context is live does not fit.
type Weighted struct {
	limit int64

	mu      sync.Mutex // guards the fields below
	inUse   int64
	waiters waitq.Queue[int64] // Value: the weight asked for
}

// NewWeighted returns a semaphore with limit units, all of them free. It panics
// if limit is negative.
func NewWeighted(limit int64) *Weighted {
	if limit < 0 {
		panic("semaphore: negative limit")
	}
	return &Weighted{limit: limit}
}

// Acquire takes n units. While they are not free, or others wait, it blocks
// until it is its turn or ctx ends.
//
// It returns ctx.Err() if ctx ended before the units were granted, a ctx that
// had ended before the call included, and [ErrTooLarge] at once if n exceeds
// the limit. With any error it holds nothing and the caller must not release.
// It panics if n is negative.
//
// A Release synchronizes before the return of every Acquire that it allowed.
func (s *Weighted) Acquire(ctx context.Context, n int64) error {
	checkWeight(n)
	if err := ctx.Err(); err != nil {
		return err
	}
	if n > s.limit {
		return ErrTooLarge
	}
	if s.TryAcquire(n) {
		return nil
	}
	w := waitq.NewWaiter(ctx, n)
	s.mu.Lock()
	// Units may have come back while the mutex was free.
	if s.takeLocked(n) {
		s.mu.Unlock()
		return nil
	}
	s.waiters.PushLocked(w)
	s.mu.Unlock()
	return s.waiters.Wait(&s.mu, w, s.grantLocked)
}

// TryAcquire takes n units and reports whether it did. It never blocks. It
// returns false if they are not free, or if others wait for their turn. It
// panics if n is negative.
func (s *Weighted) TryAcquire(n int64) bool {
	checkWeight(n)
	s.mu.Lock()
	ok := s.takeLocked(n)
	s.mu.Unlock()
	return ok
}

// Release gives back n units and grants them to waiters in their order. It
// never blocks. It panics, and changes nothing, if n is negative or more than
// is held.
func (s *Weighted) Release(n int64) {
	checkWeight(n)
	s.mu.Lock()
	if n > s.inUse {
		s.mu.Unlock()
		panic("semaphore: released more than held")
	}
	s.inUse -= n
	s.grantLocked()
	s.mu.Unlock()
}

func (s *Weighted) takeLocked(n int64) bool {
	// Not the length of the queue: waiters that have ended bar nobody.
	if n > s.limit-s.inUse || s.waiters.FrontLocked() != nil {
		return false
	}
	s.inUse += n
	return true
}

// grantLocked serves waiters from the front while they fit. It stops at the
// first that does not: going on to smaller ones would keep a large one waiting
// for as long as small ones keep coming.
func (s *Weighted) grantLocked() {
	for w := s.waiters.FrontLocked(); w != nil && w.Value <= s.limit-s.inUse; w = s.waiters.FrontLocked() {
		s.inUse += w.Value
		s.waiters.GrantLocked(w)
	}
}

func checkWeight(n int64) {
	if n < 0 {
		panic("semaphore: negative weight")
	}
}

// Stats is the state of a [Weighted] at one instant.
type Stats struct {
	Limit   int64 // units in total
	InUse   int64 // units held
	Waiting int   // calls of Acquire that are parked
}

// String returns the statistics on one line.
func (st Stats) String() string {
	return fmt.Sprintf("limit=%d in_use=%d waiting=%d", st.Limit, st.InUse, st.Waiting)
}

// Stats returns the current state, taken in one go.
func (s *Weighted) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Limit: s.limit, InUse: s.inUse, Waiting: s.waiters.LenLocked()}
}
