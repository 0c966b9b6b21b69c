package semaphore

import (
	"context"

	"github.com/interleave-go/interleave/internal/waitq"
)

// Resize sets the limit to n. Waiters that fit by that are served. Those that
// ask for more than n get [ErrTooLarge].
//
// Below what is held, the new limit takes effect as units come back: until what
// is held is at most n, nothing is free. Resize never blocks and takes nothing
// from holders. It panics if n is negative.
func (s *Weighted) Resize(n int64) {
	if n < 0 {
		panic("semaphore: negative limit")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if more := n - s.limit.Load(); more > 0 {
		s.state.Add(more)
	} else {
		s.debt -= more
	}
	s.setLimit(n)
	for w := range s.waiters.AllLocked() {
		if w.Value > n {
			s.waiters.SettleLocked(w, ErrTooLarge)
		}
	}
	s.serveLocked()
}

// Close ends the handing out of units: calls of Acquire that wait get
// [ErrClosed], and so do all later ones. What is held stays held and is released
// as before; [Weighted.Drain] waits for that. Closing again does nothing. Close
// never blocks.
func (s *Weighted) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.waiters.FailAllLocked(ErrClosed)
	s.serveLocked()
}

// Drain blocks until no units are held, or returns ctx.Err() once ctx has
// ended. It keeps nobody from acquiring: unless the semaphore was closed, units
// can be held again by the time it returns.
//
// Every Release that came before synchronizes before the return of Drain.
func (s *Weighted) Drain(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := waitq.NewWaiter(ctx, struct{}{})
	s.mu.Lock()
	s.drains.PushLocked(w)
	s.serveLocked()
	s.mu.Unlock()
	return s.drains.Wait(&s.mu, w, s.serveLocked)
}
