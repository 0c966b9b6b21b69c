// Package cost has functions with and without Points that compile to the same.
package cost

import (
	"sync"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
)

type semaphore struct {
	free   atomic.Int64
	mu     sync.Mutex
	queued int
}

//go:noinline
func withoutPoints(s *semaphore, turns int) bool {
	for range turns {
		old := s.free.Load()
		if old == 0 {
			break
		}
		if s.free.CompareAndSwap(old, old-1) {
			return true
		}
	}
	s.mu.Lock()
	s.queued++
	s.mu.Unlock()
	return false
}

//go:noinline
func withPoints(s *semaphore, turns int) bool {
	explore.Point("begin")
	for range turns {
		explore.Point("turn")
		old := s.free.Load()
		if old == 0 {
			explore.Point("none free")
			break
		}
		explore.Point("some free")
		if s.free.CompareAndSwap(old, old-1) {
			explore.Point("taken")
			return true
		}
	}
	explore.Point("about to lock")
	s.mu.Lock()
	s.queued++
	s.mu.Unlock()
	explore.Point("queued")
	return false
}

func inlinedWithoutPoints(s *semaphore) bool {
	old := s.free.Load()
	return s.free.CompareAndSwap(old, old-1)
}

func inlinedWithPoints(s *semaphore) bool {
	if explore.On {
		explore.Point("begin")
	}
	old := s.free.Load()
	if explore.On {
		explore.Point("read")
	}
	return s.free.CompareAndSwap(old, old-1)
}
