package semaphore

import "github.com/interleave-go/interleave/internal/waitq"

// joinLocked grants w what it asks for if nobody is in its way, or else puts it
// into the queue.
func (s *Weighted) joinLocked(w *waitq.Waiter[int64]) (granted bool, err error) {
	switch {
	case s.closed:
		return false, ErrClosed
	case w.Value > s.limit.Load():
		return false, ErrTooLarge
	case s.admitLocked(w.Value):
		return true, nil
	case s.waiters.LenLocked() >= s.maxWaiters:
		return false, ErrFull
	}
	s.waiters.PushLocked(w)
	s.serveLocked()
	return false, nil // w may have been granted since: Wait will tell
}

// admitLocked takes n units for a caller that does not wait.
func (s *Weighted) admitLocked(n int64) bool {
	if s.closed {
		return false
	}
	s.serveLocked() // the front waiter may have ended: then it bars nobody
	if s.state.Load() < 0 && s.waiters.FrontLocked() != nil {
		return false
	}
	return s.takeLocked(n)
}

// takeLocked takes n units, barred or not.
func (s *Weighted) takeLocked(n int64) bool {
	for {
		state := s.state.Load()
		if state&^barred < n {
			return false
		}
		if s.state.CompareAndSwap(state, state-n) {
			return true
		}
	}
}

// serveLocked does what there is to do with the units that are free: pays the
// debt, serves waiters from the front while they fit, and tells those who wait
// for the semaphore to be idle. It leaves it barred if anything remains to be
// done when units come back.
//
// A waiter that was called competes for its units with whoever is running
// already: until it runs, the state is not barred on its account.
func (s *Weighted) serveLocked() {
	// From here on units can come back, but nobody without mu can take any.
	s.state.Or(barred)
	if s.debt > 0 {
		paid := min(s.debt, s.freeLocked())
		s.state.Add(-paid)
		s.debt -= paid
	}
	s.waiters.ServeLocked(
		func(w *waitq.Waiter[int64]) bool { return w.Value <= s.freeLocked() },
		func(w *waitq.Waiter[int64]) error { s.state.Add(-w.Value); return nil })
	if s.waiters.ParkedLocked() {
		return // the first of them does not fit
	}
	if s.heldLocked() == 0 {
		s.drains.GrantAllLocked()
	}
	if s.debt == 0 && !s.closed && s.drains.FrontLocked() == nil {
		s.state.And(^barred)
	}
}

func (s *Weighted) freeLocked() int64 { return s.state.Load() &^ barred }

// heldLocked returns the units that are held. It is negative if more have come
// back than were taken.
func (s *Weighted) heldLocked() int64 { return s.limit.Load() - s.freeLocked() + s.debt }
