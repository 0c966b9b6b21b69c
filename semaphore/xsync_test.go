package semaphore_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	xsync "golang.org/x/sync/semaphore"

	"github.com/interleave-go/interleave/semaphore"
)

// FuzzAgainstXSync runs one sequence of operations on golang.org/x/sync's
// semaphore and on ours: the answers, the grants and their moments agree.
func FuzzAgainstXSync(f *testing.F) {
	f.Add([]byte{0x01, 0x02, 0x03, 0x81, 0x44, 0x02, 0xc1, 0x80, 0x40})
	f.Add([]byte{0x04, 0x04, 0x01, 0xc0, 0x84, 0x04, 0x04, 0x43, 0x81, 0xc1, 0x81})
	f.Fuzz(func(t *testing.T, ops []byte) {
		synctest.Test(t, func(t *testing.T) { compareWithXSync(t, ops) })
	})
}

func TestRandomSequencesAgainstXSync(t *testing.T) {
	const sequences = 100_000 / slowdown
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	synctest.Test(t, func(t *testing.T) {
		for range sequences {
			ops := make([]byte, 4+rng.IntN(16))
			for i := range ops {
				ops[i] = byte(rng.Uint32())
			}
			compareWithXSync(t, ops)
		}
	})
}

// compareWithXSync leaves out where ours differs on purpose: weights above the
// limit, at which x/sync hangs, and waiters of weight zero, which x/sync does not
// wake when the one before them is cancelled while no unit is free. That a
// newcomer can overtake a waiter that is on its way shows only while goroutines
// run; the comparison is made when all have parked.
func compareWithXSync(t *testing.T, ops []byte) {
	const limit = 5
	ours, theirs := newSide(semaphore.NewWeighted(limit)), newSide(xsync.NewWeighted(limit))
	for i, op := range ops {
		n := int64(op&0x07)%limit + 1
		switch op >> 6 {
		case 0:
			ours.acquire(i, n)
			theirs.acquire(i, n)
		case 1:
			require.Equal(t, theirs.tryAcquire(i, n), ours.tryAcquire(i, n))
		case 2:
			ours.release()
			theirs.release()
		case 3:
			if op&0x20 != 0 {
				time.Sleep(2 * time.Millisecond) // the patience of those who wait ends
			}
			ours.cancelOldest()
			theirs.cancelOldest()
		}
		require.Equal(t, theirs.held, ours.held)
		require.Equal(t, theirs.failed, ours.failed)
	}
	ours.end()
	theirs.end()
}

// side is one of the two semaphores and what happened to the calls on it.
type side struct {
	sem interface {
		Acquire(context.Context, int64) error
		TryAcquire(int64) bool
		Release(int64)
	}
	mu     sync.Mutex
	held   []grant // in the order of the grants
	failed []int   // calls that ended with an error
	cancel []context.CancelFunc
}

type grant struct {
	call   int
	weight int64
}

func newSide(sem interface {
	Acquire(context.Context, int64) error
	TryAcquire(int64) bool
	Release(int64)
}) *side {
	return &side{sem: sem}
}

func (s *side) acquire(call int, n int64) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = append(s.cancel, cancel)
	go func() {
		err := s.sem.Acquire(ctx, n)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil {
			s.held = append(s.held, grant{call, n})
		} else {
			s.failed = append(s.failed, call)
		}
	}()
	s.settle()
}

// settle waits until all have parked. Calls that one operation woke together
// return in any order; their grants are put in the order of the calls.
func (s *side) settle() {
	synctest.Wait()
	for i := 1; i < len(s.held); i++ {
		for j := i; j > 0 && s.held[j].call < s.held[j-1].call; j-- {
			s.held[j], s.held[j-1] = s.held[j-1], s.held[j]
		}
	}
}

func (s *side) tryAcquire(call int, n int64) bool {
	ok := s.sem.TryAcquire(n)
	if ok {
		s.held = append(s.held, grant{call, n})
	}
	return ok
}

func (s *side) release() {
	if len(s.held) > 0 {
		n := s.held[0].weight
		s.held = s.held[1:]
		s.sem.Release(n)
		s.settle()
	}
}

func (s *side) cancelOldest() {
	if len(s.cancel) > 0 {
		s.cancel[0]()
		s.cancel = s.cancel[1:]
		s.settle()
	}
}

func (s *side) end() {
	for len(s.cancel) > 0 {
		s.cancelOldest()
	}
	synctest.Wait()
}
