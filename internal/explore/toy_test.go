//go:build explore

package explore

import (
	"context"
	"fmt"
	"sync"
)

// toy is a semaphore of one permit, into which a bug can be planted.
type toy struct {
	bug string

	mu     sync.Mutex // guards the fields below
	free   bool
	queue  []*toyWaiter
	inside int // threads that hold the permit, kept by its users
}

type toyWaiter struct {
	wake    chan struct{}
	granted bool // guarded by toy.mu
}

const (
	lostWakeup    = "looks for a permit in one critical section, queues in the next"
	doubleGrant   = "looks for a permit in one critical section, takes it in the next"
	swallowsGrant = "does not look whether it was granted when its context ended"
)

func newToy(bug string) *toy { return &toy{bug: bug, free: true} }

func (s *toy) acquire(ctx context.Context) error {
	Point("toy: about to acquire")
	s.mu.Lock()
	if s.free {
		if s.bug == doubleGrant {
			s.mu.Unlock()
			Point("toy: seen free")
			s.mu.Lock()
		}
		s.free = false
		s.mu.Unlock()
		return nil
	}
	if s.bug == lostWakeup {
		s.mu.Unlock()
		Point("toy: seen taken")
		s.mu.Lock()
	}
	w := &toyWaiter{wake: make(chan struct{})}
	s.queue = append(s.queue, w)
	s.mu.Unlock()
	Point("toy: about to park")
	select {
	case <-w.wake:
	case <-ctx.Done():
	}
	Point("toy: woken")
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.granted && (s.bug != swallowsGrant || ctx.Err() == nil) {
		return nil
	}
	for i := range s.queue {
		if s.queue[i] == w {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
			break
		}
	}
	return ctx.Err()
}

func (s *toy) release() {
	Point("toy: about to release")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.free = true
		return
	}
	w := s.queue[0]
	s.queue = s.queue[1:]
	w.granted = true
	close(w.wake)
}

// use holds the permit for a step.
func (s *toy) use(ctx context.Context) {
	if s.acquire(ctx) != nil {
		return
	}
	s.inside++
	Point("holding")
	s.inside--
	s.release()
}

// exclusive fails if the permit was granted twice.
func (s *toy) exclusive() error {
	if s.inside > 1 {
		return fmt.Errorf("%d threads hold one permit", s.inside)
	}
	return nil
}

// whole fails if the permit was lost.
func (s *toy) whole() error {
	if !s.free {
		return fmt.Errorf("the permit is lost")
	}
	return nil
}

// toyBody has n threads use a toy, of which the first can be cancelled.
func toyBody(n int, bug string) func(x *Exec) {
	return func(x *Exec) {
		s := newToy(bug)
		ctx, cancel := context.WithCancel(x.Context())
		x.Go("a", func() { s.use(ctx) })
		for i := range n - 1 {
			x.Go(string(rune('b'+i)), func() { s.use(x.Context()) })
		}
		x.Event("cancel", cancel)
		x.Always(s.exclusive)
		x.Finally(s.whole)
	}
}
