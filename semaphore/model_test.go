package semaphore_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore"
)

// model is a semaphore without concurrency: strictly first in, first out, which
// is what ours is whenever all goroutines have parked.
type model struct {
	limit, held int64
	waiting     []*modelCall
	closed      bool
}

type modelCall struct {
	n      int64
	cancel context.CancelFunc
	done   <-chan error
	want   error // what it returned, once over
	over   bool
}

func (c *modelCall) finish(err error) { c.want, c.over = err, true }

func (m *model) free() int64 { return max(0, m.limit-m.held) }

func (m *model) try(n int64) bool {
	if m.closed || len(m.waiting) > 0 || n > m.free() {
		return false
	}
	m.held += n
	return true
}

func (m *model) serve() {
	for len(m.waiting) > 0 {
		call := m.waiting[0]
		if call.n > m.free() {
			return
		}
		m.held += call.n
		call.finish(nil)
		m.waiting = m.waiting[1:]
	}
}

// fail ends the calls that wait and that which chooses, with err.
func (m *model) fail(err error, which func(*modelCall) bool) {
	var rest []*modelCall
	for _, call := range m.waiting {
		if which(call) {
			call.finish(err)
		} else {
			rest = append(rest, call)
		}
	}
	m.waiting = rest
	m.serve()
}

func FuzzAgainstModel(f *testing.F) {
	f.Add([]byte{0x03, 0x02, 0x0b, 0x14, 0x21, 0x1b, 0x22, 0x29, 0x30})
	f.Add([]byte{0x04, 0x04, 0x31, 0x04, 0x10, 0x20, 0x38, 0x01, 0x10, 0x10})
	f.Fuzz(compareWithModel)
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 10_000 / slowdown {
		ops := make([]byte, 4+rng.IntN(40))
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		compareWithModel(t, ops)
	}
}

func compareWithModel(t *testing.T, ops []byte) {
	synctest.Test(t, func(t *testing.T) {
		const maxWaiters = 5
		sem := semaphore.NewWeighted(4, semaphore.MaxWaiters(maxWaiters))
		m := &model{limit: 4}
		var calls []*modelCall
		var held []int64
		release := func() {
			n := held[0]
			held = held[1:]
			sem.Release(n)
			m.held -= n
			m.serve()
		}
		for _, op := range ops {
			n := int64(op & 0x07)
			switch op >> 3 & 0x07 {
			case 0, 1: // Acquire
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				call := &modelCall{n: n, cancel: cancel}
				switch {
				case m.closed:
					call.finish(semaphore.ErrClosed)
				case n > m.limit:
					call.finish(semaphore.ErrTooLarge)
				case m.try(n):
					call.finish(nil)
				case len(m.waiting) == maxWaiters:
					call.finish(semaphore.ErrFull)
				default:
					m.waiting = append(m.waiting, call)
				}
				call.done = result(func() error { return sem.Acquire(ctx, n) })
				calls = append(calls, call)
			case 2: // Release
				if len(held) > 0 {
					release()
				}
			case 3: // TryAcquire
				ok := m.try(n)
				require.Equal(t, ok, sem.TryAcquire(n))
				if ok {
					held = append(held, n)
				}
			case 4: // cancel the nth that waits
				if int(n) < len(m.waiting) {
					call := m.waiting[n]
					call.cancel()
					m.fail(context.Canceled, func(c *modelCall) bool { return c == call })
				}
			case 5: // Resize
				sem.Resize(n)
				m.limit = n
				m.fail(semaphore.ErrTooLarge, func(c *modelCall) bool { return c.n > n })
			case 6: // Close, and release what is held
				if n == 0 {
					sem.Close()
					m.closed = true
					m.fail(semaphore.ErrClosed, func(*modelCall) bool { return true })
				}
			case 7: // time, past the bound or not
				time.Sleep(time.Duration(n) * patience / 2)
			}
			synctest.Wait()
			var pendingCalls []*modelCall
			for _, call := range calls {
				if !call.over {
					pending(t, call.done)
					pendingCalls = append(pendingCalls, call)
					continue
				}
				select {
				case err := <-call.done:
					require.True(t, errors.Is(err, call.want), "got %v, want %v", err, call.want)
					if err == nil {
						held = append(held, call.n)
					}
				default:
					require.Fail(t, "still waits", "should have returned %v", call.want)
				}
			}
			calls = pendingCalls
			require.Equal(t, semaphore.Stats{Limit: m.limit, InUse: m.held, Waiting: len(m.waiting), Closed: m.closed},
				sem.Stats())
		}
		for len(held) > 0 {
			release()
		}
		for _, call := range m.waiting {
			call.cancel()
		}
	})
}
