package semaphore

import (
	"context"
	"sync"
	"sync/atomic"
)

// Permit is the right to the units that one call of Hold was granted. It is a
// value: copies stand for the same right. The zero Permit, which a failed Hold
// returns, holds nothing.
type Permit struct {
	s     *Weighted
	n     int64
	token *token
	round uint64
}

// token makes Release idempotent across copies of a Permit. Its count goes up
// when the permit is released, and by that all its copies are void; the token
// can then serve another permit.
type token struct{ round atomic.Uint64 }

var tokens = sync.Pool{New: func() any { return new(token) }}

// Hold is Acquire for those who would rather not remember what they were
// granted: the Permit knows, and releases it once only.
//
//	permit, err := sem.Hold(ctx, 2)
//	if err != nil {
//		return err
//	}
//	defer permit.Release()
func (s *Weighted) Hold(ctx context.Context, n int64) (Permit, error) {
	if err := s.Acquire(ctx, n); err != nil {
		return Permit{}, err
	}
	return s.permit(n), nil
}

// TryHold is TryAcquire with a Permit.
func (s *Weighted) TryHold(n int64) (Permit, bool) {
	if !s.TryAcquire(n) {
		return Permit{}, false
	}
	return s.permit(n), true
}

func (s *Weighted) permit(n int64) Permit {
	t := tokens.Get().(*token)
	return Permit{s, n, t, t.round.Load()}
}

// Release gives the units back. It does nothing if that has been done, by this
// Permit or a copy of it, from this or another goroutine, or if the Permit is
// zero.
func (p Permit) Release() {
	if p.token != nil && p.token.round.CompareAndSwap(p.round, p.round+1) {
		tokens.Put(p.token)
		p.s.Release(p.n)
	}
}

// Do calls fn while it holds n units, and returns the error of fn, or of Acquire
// if that failed. The units come back even if fn panics or exits its goroutine.
func (s *Weighted) Do(ctx context.Context, n int64, fn func(context.Context) error) error {
	if err := s.Acquire(ctx, n); err != nil {
		return err
	}
	defer s.Release(n)
	return fn(ctx)
}
