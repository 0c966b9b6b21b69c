package waitq

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate is the simplest owner: a count of units, each waiter asks for some.
type gate struct {
	mu    sync.Mutex
	units int
	queue Queue[int]
	left  int // waiters that left without a grant
}

func (g *gate) grantLocked() {
	for w := g.queue.FrontLocked(); w != nil && w.Value <= g.units; w = g.queue.FrontLocked() {
		g.units -= w.Value
		g.queue.GrantLocked(w)
	}
}

func (g *gate) leftLocked() {
	g.left++
	g.grantLocked()
}

func (g *gate) add(n int) {
	g.mu.Lock()
	g.units += n
	g.grantLocked()
	g.mu.Unlock()
}

func (g *gate) wait(ctx context.Context, n int) error {
	w := NewWaiter(ctx, n)
	g.mu.Lock()
	g.queue.PushLocked(w)
	g.grantLocked() // the units may be there already
	g.mu.Unlock()
	return g.queue.Wait(&g.mu, w, g.leftLocked)
}

// checkLinks verifies the invariants of the list.
func (g *gate) checkLinks(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	var prev *Waiter[int]
	n := 0
	for w := g.queue.head; w != nil; w = w.next {
		require.Same(t, prev, w.prev)
		require.Equal(t, parked, w.state)
		prev, n = w, n+1
	}
	require.Same(t, prev, g.queue.tail)
	require.Equal(t, n, g.queue.LenLocked())
}

func TestGrantsInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		var order []int
		for i := range 5 {
			go func() {
				require.NoError(t, g.wait(t.Context(), 1))
				order = append(order, i)
			}()
			synctest.Wait()
		}
		g.checkLinks(t)
		for range 5 {
			g.add(1)
			synctest.Wait()
		}
		require.Equal(t, []int{0, 1, 2, 3, 4}, order)
		require.Zero(t, g.queue.LenLocked())
	})
}

// lockHook is a mutex that runs before once, ahead of the first Lock: it puts
// something between a waiter's waking and its look at its state.
type lockHook struct {
	sync.Mutex
	before func()
}

func (l *lockHook) Lock() {
	if before := l.before; before != nil {
		l.before = nil
		before()
	}
	l.Mutex.Lock()
}

// The orders in which a grant and the end of the context can meet: g is the
// grant, c the cancel, w the waiter waking and taking the mutex.
func TestGrantAndCancelAtTheSameInstant(t *testing.T) {
	for _, tc := range []struct {
		name    string
		granted bool
		run     func(g *gate, cancel func(), hook *lockHook)
	}{
		{"g c w", true, func(g *gate, cancel func(), _ *lockHook) {
			g.add(1)
			cancel()
		}},
		{"c g w", false, func(g *gate, cancel func(), _ *lockHook) {
			cancel()
			g.add(1) // finds the waiter in the queue, but its context has ended
		}},
		{"c w g", false, func(g *gate, cancel func(), _ *lockHook) {
			cancel()
			synctest.Wait()
			g.add(1)
		}},
		{"c, w woken by it, g, w locks", false, func(g *gate, cancel func(), hook *lockHook) {
			hook.before = func() { g.add(1) }
			cancel()
		}},
		{"g decided, c, w woken by it, g done, w locks", true, func(g *gate, cancel func(), hook *lockHook) {
			g.mu.Lock()
			g.units++
			w := g.queue.FrontLocked()
			hook.before = func() {
				g.units -= w.Value
				g.queue.GrantLocked(w)
				g.mu.Unlock()
			}
			cancel()
		}},
		{"g c together, w chooses", true, func(g *gate, cancel func(), _ *lockHook) {
			g.mu.Lock()
			w := g.queue.FrontLocked()
			cancel()
			g.queue.GrantLocked(w) // both channels are closed before w runs
			g.mu.Unlock()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range 20 { // select chooses at random
				synctest.Test(t, func(t *testing.T) {
					var g gate
					hook := &lockHook{}
					ctx, cancel := context.WithCancel(t.Context())
					w := NewWaiter(ctx, 1)
					g.queue.PushLocked(w)
					result := make(chan error, 1)
					go func() {
						result <- g.queue.Wait(hookedBy{hook, &g.mu}, w, g.leftLocked)
					}()
					synctest.Wait()
					tc.run(&g, cancel, hook)
					synctest.Wait()
					err := <-result
					if tc.granted {
						require.NoError(t, err)
						require.Zero(t, g.left)
					} else {
						require.ErrorIs(t, err, context.Canceled)
						require.Equal(t, 1, g.left)
						require.Equal(t, 1, g.units, "a grant that nobody got")
					}
					g.checkLinks(t)
				})
			}
		})
	}
}

// hookedBy locks the real mutex after the hook has run.
type hookedBy struct {
	hook *lockHook
	mu   *sync.Mutex
}

func (h hookedBy) Lock() {
	h.hook.Lock()
	h.hook.Mutex.Unlock()
	h.mu.Lock()
}
func (h hookedBy) Unlock() { h.mu.Unlock() }

// Real threads: every unit is either with a waiter that succeeded or in the
// gate, and nobody is left waiting for units that are there.
func TestGrantRacesCancel(t *testing.T) {
	const rounds = 2000
	for range rounds {
		var g gate
		ctx, cancel := context.WithCancel(context.Background())
		var granted atomic.Int64
		var wg sync.WaitGroup
		wg.Go(func() {
			if g.wait(ctx, 1) == nil {
				granted.Add(1)
			}
		})
		wg.Go(func() {
			if g.wait(context.Background(), 1) == nil {
				granted.Add(1)
			}
		})
		wg.Go(cancel)
		wg.Go(func() { g.add(1) })
		for { // one unit: it must reach one of them, whoever leaves
			g.mu.Lock()
			g.grantLocked()
			settled := g.units == 0
			g.mu.Unlock()
			if settled {
				break
			}
			runtime.Gosched()
		}
		g.add(1)
		wg.Wait()
		g.checkLinks(t)
		require.Equal(t, 2, int(granted.Load())+g.units)
		require.Equal(t, 2, int(granted.Load())+g.left)
	}
}

func TestCancellingTheHeadWakesThoseBehindWhoFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate{units: 2}
		ctx, cancel := context.WithCancel(t.Context())
		var served atomic.Int64
		go func() { require.ErrorIs(t, g.wait(ctx, 3), context.Canceled) }()
		synctest.Wait()
		for _, n := range []int{1, 1, 1} {
			go func() {
				if g.wait(t.Context(), n) == nil {
					served.Add(1)
				}
			}()
			synctest.Wait()
		}
		require.Zero(t, served.Load(), "nobody overtakes the head")
		cancel()
		synctest.Wait()
		require.EqualValues(t, 2, served.Load(), "the two that fit, not the third")
		g.add(1)
		synctest.Wait()
		require.EqualValues(t, 3, served.Load())
	})
}

func TestFailAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		errClosed := errors.New("closed")
		ended, cancel := context.WithCancel(t.Context())
		results := make([]error, 3)
		for i, ctx := range []context.Context{t.Context(), ended, context.Background()} {
			go func() { results[i] = g.wait(ctx, 1) }()
			synctest.Wait()
		}
		cancel()
		g.mu.Lock()
		g.queue.FailAllLocked(errClosed)
		require.Zero(t, g.queue.LenLocked())
		g.mu.Unlock()
		synctest.Wait()
		require.Equal(t, []error{errClosed, context.Canceled, errClosed}, results)
		require.Equal(t, 1, g.left, "only the one whose context ended")
	})
}

func TestGrantAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		var granted atomic.Int64
		ended, cancel := context.WithCancel(t.Context())
		for _, ctx := range []context.Context{t.Context(), ended, t.Context()} {
			go func() {
				if g.wait(ctx, 1) == nil {
					granted.Add(1)
				}
			}()
		}
		synctest.Wait()
		g.mu.Lock()
		cancel()
		g.queue.GrantAllLocked()
		g.mu.Unlock()
		synctest.Wait()
		require.EqualValues(t, 2, granted.Load(), "not the one whose context ended")
	})
}

// Some of those in the middle fail; the others keep their order.
func TestFailSomeOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		errOdd := errors.New("odd")
		ended, cancel := context.WithCancel(t.Context())
		results := make([]error, 6)
		for i := range results {
			ctx := t.Context()
			if i == 3 {
				ctx = ended
			}
			go func() { results[i] = g.wait(ctx, i+1) }()
			synctest.Wait()
		}
		g.mu.Lock()
		cancel()
		var seen []int
		for w := range g.queue.AllLocked() {
			if seen = append(seen, w.Value); w.Value%2 == 1 {
				g.queue.SettleLocked(w, errOdd)
			}
		}
		for w := range g.queue.AllLocked() {
			require.Equal(t, 2, w.Value)
			break
		}
		g.mu.Unlock()
		synctest.Wait()
		require.Equal(t, []int{1, 2, 3, 5, 6}, seen)
		g.checkLinks(t)
		g.add(8)
		synctest.Wait()
		require.Equal(t, []error{errOdd, nil, errOdd, context.Canceled, errOdd, nil}, results)
	})
}

func TestTimedOutWaitsLeaveNoMemory(t *testing.T) {
	const waits = 1_000_000 / slowdown
	synctest.Test(t, func(t *testing.T) {
		var g gate
		heap := func() int64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC() // the first may leave what its sweep was late for
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		wait := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if err := g.wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		// One waiter stays behind all the time: those that time out leave from
		// the middle of the queue as well as from its end.
		stay, leave := context.WithCancel(t.Context())
		go g.wait(stay, 1)
		for range 1000 {
			wait()
		}
		before := heap()
		for range waits {
			wait()
		}
		require.Less(t, heap()-before, int64(64<<10))
		require.Equal(t, 1, g.queue.LenLocked())
		leave()
	})
}

func TestOneQueueInTwoBubbles(t *testing.T) {
	var g gate
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.ErrorIs(t, g.wait(ctx, 1), context.DeadlineExceeded)
			go g.add(1)
			require.NoError(t, g.wait(t.Context(), 1))
		})
	}
	require.Zero(t, g.queue.LenLocked())
}

// A hundred thousand parked goroutines that are cancelled in random order.
func TestManyWaitersCancelInAnyOrder(t *testing.T) {
	const waiters = 100_000 / slowdown
	synctest.Test(t, func(t *testing.T) {
		var g gate
		cancels := make([]context.CancelFunc, waiters)
		for i := range cancels {
			var ctx context.Context
			ctx, cancels[i] = context.WithCancel(context.Background())
			go g.wait(ctx, 1)
		}
		synctest.Wait()
		g.checkLinks(t)
		for _, i := range rand.Perm(waiters) {
			cancels[i]()
		}
		synctest.Wait()
		g.checkLinks(t)
		require.Equal(t, waiters, g.left)
	})
}

// Constant time per operation, without a clock: were leaving, pushing or
// granting linear in the length of the queue, this would take 10^11 steps and
// run into the time limit of go test.
func TestOperationsAreConstantTime(t *testing.T) {
	const waiters = 1_000_000 / slowdown
	var q Queue[int]
	all := make([]*Waiter[int], waiters)
	for i := range all {
		all[i] = NewWaiter(t.Context(), i)
		q.PushLocked(all[i])
	}
	for _, i := range rand.Perm(waiters)[:waiters/2] {
		q.removeLocked(all[i], detached)
	}
	last := -1
	for w := q.FrontLocked(); w != nil; w = q.FrontLocked() {
		if w.Value <= last {
			t.Fatal("out of order")
		}
		last = w.Value
		q.GrantLocked(w)
	}
	require.Zero(t, q.LenLocked())
}
