package barrier_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/barrier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call is a Wait that is parked, or done, when start returns.
type call struct {
	done   chan struct{}
	index  int
	err    error
	cancel context.CancelFunc
}

func start(b *barrier.Barrier) *call {
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{done: make(chan struct{}), cancel: cancel}
	go func() {
		c.index, c.err = b.Wait(ctx)
		close(c.done)
	}()
	synctest.Wait()
	return c
}

func (c *call) returned() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// wait returns the result of a call that must have one.
func (c *call) wait(t *testing.T) (int, error) {
	t.Helper()
	synctest.Wait()
	require.True(t, c.returned(), "still waits")
	return c.index, c.err
}

func requireBroken(t *testing.T, c *call, cause error) {
	t.Helper()
	index, err := c.wait(t)
	require.Equal(t, -1, index)
	require.ErrorIs(t, err, barrier.ErrBroken)
	var broken *barrier.BrokenError
	require.ErrorAs(t, err, &broken)
	require.ErrorIs(t, broken.Cause, cause)
}

func requireIndex(t *testing.T, c *call, want int) {
	t.Helper()
	index, err := c.wait(t)
	require.NoError(t, err)
	require.Equal(t, want, index)
}

func TestIndicesCountDownToTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := barrier.New(3)
		for range 3 {
			first, second := start(b), start(b)
			require.False(t, first.returned() || second.returned())
			requireIndex(t, start(b), 0)
			requireIndex(t, first, 2)
			requireIndex(t, second, 1)
		}
		require.Equal(t, barrier.Stats{Parties: 3, Trips: 3}, b.Stats())
	})
}

// Real threads: in each round nobody leaves before all have arrived, and the
// action has run by then.
func TestNobodyLeavesEarly(t *testing.T) {
	const parties, rounds = 5, 2000
	var arrived, actions, wrong atomic.Int64
	b := barrier.New(parties, barrier.Action(func() error {
		actions.Add(1)
		return nil
	}))
	var wg sync.WaitGroup
	indices := make([]atomic.Int64, parties)
	for range parties {
		wg.Go(func() {
			for round := range int64(rounds) {
				arrived.Add(1)
				index, err := b.Wait(context.Background())
				if err != nil || arrived.Load() < parties*(round+1) || actions.Load() < round+1 {
					wrong.Add(1)
					return
				}
				indices[index].Add(1)
			}
		})
	}
	wg.Wait()
	require.Zero(t, wrong.Load())
	require.EqualValues(t, rounds, actions.Load())
	for i := range indices {
		require.EqualValues(t, rounds, indices[i].Load(), "each index once a round")
	}
}

func TestManyGenerationsDoNotGrow(t *testing.T) {
	const rounds = 1_000_000 / slowdown
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	b := barrier.New(2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := heap()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range rounds {
				if _, err := b.Wait(ctx); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	require.Less(t, int64(heap())-int64(before), int64(1<<16))
	require.EqualValues(t, rounds, b.Stats().Trips)
}

func TestOneEndedContextBreaksTheBarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := barrier.New(3)
		ended, other := start(b), start(b)
		ended.cancel()
		_, err := ended.wait(t)
		require.Equal(t, context.Canceled, err, "its own end")
		requireBroken(t, other, context.Canceled)
		requireBroken(t, start(b), context.Canceled)
		require.Equal(t, barrier.Stats{Parties: 3, Broken: true}, b.Stats())
		b.Reset()
		a, c := start(b), start(b)
		requireIndex(t, start(b), 0)
		requireIndex(t, a, 2)
		requireIndex(t, c, 1)
	})
}

// Those who share the context that has ended are told that, and not that another
// one has broken the barrier.
func TestEndOfASharedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			b := barrier.New(4)
			ctx, cancel := context.WithCancel(t.Context())
			shared := []<-chan error{}
			for range 2 {
				shared = append(shared, result(func() error { _, err := b.Wait(ctx); return err }))
			}
			other := start(b)
			cancel()
			for _, s := range shared {
				require.Equal(t, context.Canceled, <-s)
			}
			requireBroken(t, other, context.Canceled)
		}
	})
}

func TestContextThatHasEndedArrivesNowhere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := barrier.New(1)
	_, err := b.Wait(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, barrier.Stats{Parties: 1}, b.Stats())
}

func TestTimeLimitIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := barrier.New(2).Wait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestWithdrawnArrivalDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := barrier.New(3, barrier.OnCancel(barrier.Withdraw))
		first, second := start(b), start(b)
		first.cancel()
		_, err := first.wait(t)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, barrier.Stats{Parties: 3, Arrived: 1}, b.Stats())
		third := start(b)
		require.False(t, third.returned())
		requireIndex(t, start(b), 0)
		requireIndex(t, second, 1)
		requireIndex(t, third, 2) // the index that has become free

		// One that stayed free is not given out for the next trip.
		first, second = start(b), start(b)
		first.cancel()
		b.Leave()
		requireIndex(t, start(b), 0)
		requireIndex(t, second, 1)
		first = start(b)
		requireIndex(t, start(b), 0)
		requireIndex(t, first, 1)
	})
}

func TestKeptArrivalCountsForItsTripAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := barrier.New(3, barrier.OnCancel(barrier.KeepCounted))
		first := start(b)
		first.cancel()
		_, err := first.wait(t)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, b.Stats().Arrived)
		second := start(b)
		requireIndex(t, start(b), 0)
		requireIndex(t, second, 1)
		require.Equal(t, barrier.Stats{Parties: 3, Trips: 1}, b.Stats())
		a, c := start(b), start(b)
		require.False(t, a.returned() || c.returned(), "not for a later one")
		requireIndex(t, start(b), 0)
	})
}

// A context that ends before the last one arrives is not counted, even if its
// goroutine has not run since; one that ends after that changes nothing.
func TestEndAtTheInstantOfTheTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			for _, policy := range []barrier.CancelPolicy{barrier.Break, barrier.Withdraw, barrier.KeepCounted} {
				b := barrier.New(2, barrier.OnCancel(policy))
				ended := start(b)
				ended.cancel()
				last := start(b)
				_, err := ended.wait(t)
				require.ErrorIs(t, err, context.Canceled)
				switch policy {
				case barrier.Break:
					requireBroken(t, last, context.Canceled)
				case barrier.Withdraw:
					require.False(t, last.returned())
					requireIndex(t, start(b), 0)
					requireIndex(t, last, 1)
				case barrier.KeepCounted:
					requireIndex(t, last, 0)
				}
			}
			b := barrier.New(2)
			first := start(b)
			index, err := b.Wait(t.Context())
			first.cancel()
			require.NoError(t, err)
			require.Zero(t, index)
			requireIndex(t, first, 1)
			next := start(b)
			requireIndex(t, start(b), 0)
			requireIndex(t, next, 1)
		}
	})
}

func TestActionRunsOnceBeforeAnyoneLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b *barrier.Barrier
		runs := 0
		b = barrier.New(2, barrier.Action(func() error {
			time.Sleep(time.Second)
			runs++
			require.EqualValues(t, runs, b.Stats().Trips, "no lock is held")
			return nil
		}))
		began := time.Now()
		first := start(b)
		last := start(b)
		early := start(b) // while the action runs: it counts for the next trip
		require.Zero(t, b.Stats().Arrived, "or not even yet")
		require.False(t, first.returned() || last.returned())
		first.cancel() // too late to matter
		time.Sleep(time.Second)
		requireIndex(t, first, 1)
		requireIndex(t, last, 0)
		require.False(t, early.returned())
		require.Equal(t, barrier.Stats{Parties: 2, Arrived: 1, Trips: 1}, b.Stats())
		require.Equal(t, time.Second, time.Since(began))
		go b.Wait(t.Context())
		time.Sleep(time.Second)
		requireIndex(t, early, 1)
		require.Equal(t, 2, runs)

		ended := start(b)
		go b.Wait(t.Context())
		synctest.Wait()
		waiting := start(b)
		waiting.cancel()
		_, err := waiting.wait(t)
		require.ErrorIs(t, err, context.Canceled, "it was not waited for by anyone")
		time.Sleep(time.Second)
		requireIndex(t, ended, 1)
	})
}

func TestFailedActionBreaksTheBarrier(t *testing.T) {
	failure := errors.New("failure")
	for name, action := range map[string]func() error{
		"error":  func() error { return failure },
		"panic":  func() error { panic(failure) },
		"Goexit": func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := barrier.New(2, barrier.Action(action))
				first := start(b)
				last := make(chan any, 1)
				go func() {
					defer func() { last <- recover() }()
					_, err := b.Wait(t.Context())
					last <- err
				}()
				synctest.Wait()
				switch name {
				case "error":
					requireBroken(t, first, failure)
					require.ErrorIs(t, (<-last).(error), barrier.ErrBroken)
				case "panic":
					var panicked *barrier.PanicError
					requireBroken(t, first, failure)
					require.ErrorAs(t, first.err, &panicked)
					require.Contains(t, string(panicked.Stack), "TestFailedActionBreaksTheBarrier")
					require.Equal(t, failure, <-last)
				case "Goexit":
					requireBroken(t, first, barrier.ErrGoexit)
				}
				require.True(t, b.Stats().Broken)
			})
		})
	}
}

func TestResetAndAbortReleaseAll(t *testing.T) {
	cause := errors.New("cause")
	for _, running := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := barrier.New(3, barrier.Action(func() error {
				time.Sleep(time.Hour)
				return errors.New("too late to matter")
			}))
			begin := func() []*call {
				calls := []*call{start(b), start(b)}
				if running {
					calls = append(calls, start(b), start(b)) // the last one is early
				}
				return calls
			}
			calls := begin()
			b.Abort(cause)
			for i, c := range calls {
				if running && i == 2 {
					continue // it runs the action
				}
				requireBroken(t, c, cause)
			}
			b.Abort(errors.New("another"))
			requireBroken(t, start(b), cause)

			b.Reset()
			more := begin()
			b.Reset()
			synctest.Wait()
			for _, c := range more[:2] {
				requireBroken(t, c, barrier.ErrReset)
			}
			require.False(t, b.Stats().Broken)
			time.Sleep(time.Hour)
			synctest.Wait()
			require.False(t, b.Stats().Broken, "by an action of before")
			if running {
				requireBroken(t, calls[2], cause)
				requireBroken(t, more[2], barrier.ErrReset)
				require.False(t, more[3].returned(), "it counts for the new barrier")
				require.Equal(t, 1, b.Stats().Arrived)
				b.Abort(nil)
				_, err := more[3].wait(t)
				require.EqualError(t, err, "barrier: broken")
			}
		})
	}
	require.EqualError(t, &barrier.BrokenError{Cause: cause}, "barrier: broken: cause")
}

func TestLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		actions := 0
		b := barrier.New(4, barrier.Action(func() error { actions++; return nil }))
		first, second := start(b), start(b)
		b.Leave()
		require.False(t, first.returned())
		require.Zero(t, actions)
		b.Leave() // was the one that they waited for
		requireIndex(t, first, 3)
		requireIndex(t, second, 2)
		require.Equal(t, 1, actions)
		require.Equal(t, barrier.Stats{Parties: 2, Trips: 1}, b.Stats())
		third := start(b)
		third.cancel()
		b.Leave() // finds that third has ended
		_, err := third.wait(t)
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, b.Stats().Broken)
		b.Reset()
		requireIndex(t, start(b), 0)
		b.Leave()
		require.PanicsWithValue(t, "barrier: Leave after all parties have left", b.Leave)
		require.PanicsWithValue(t, "barrier: Wait after all parties have left", func() { b.Wait(t.Context()) })
	})
}

func TestMisusePanics(t *testing.T) {
	require.PanicsWithValue(t, "barrier: fewer than one party", func() { barrier.New(0) })
	require.PanicsWithValue(t, "barrier: unknown policy", func() { barrier.OnCancel(barrier.KeepCounted + 1) })
	require.PanicsWithValue(t, "barrier: negative count", func() { barrier.NewLatch(-1) })
	require.PanicsWithValue(t, "barrier: negative count", func() { barrier.NewLatch(1).CountDownBy(-1) })
	require.PanicsWithValue(t, "barrier: negative number of parties", func() { barrier.NewPhaser(-1) })
	require.PanicsWithValue(t, "barrier: negative number of parties", func() { barrier.NewPhaser(1).BulkRegister(-1) })
}

func TestOneOfEachInTwoBubbles(t *testing.T) {
	b, l, p := barrier.New(2), barrier.NewLatch(2), barrier.NewPhaser(2)
	var e barrier.Event
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			first := start(b)
			requireIndex(t, start(b), 0)
			requireIndex(t, first, 1)
			e.Clear()
			var wg sync.WaitGroup
			wg.Go(func() { _ = e.Wait(t.Context()) })
			wg.Go(func() { _, _ = p.ArriveAndWait(t.Context()) })
			if l.Count() > 1 {
				wg.Go(func() { l.CountDown() })
			} else {
				wg.Go(func() { _ = l.Wait(t.Context()) })
			}
			synctest.Wait()
			e.Set()
			p.Arrive()
			l.CountDownBy(l.Count() / 2)
			if l.Count() == 1 {
				synctest.Wait()
				l.CountDown()
			}
			wg.Wait()
		})
	}
}

func TestStats(t *testing.T) {
	b := barrier.New(2)
	b.Abort(nil)
	require.Equal(t, "parties=2 arrived=0 trips=0 broken", b.Stats().String())
	require.Equal(t, "[parties=2 arrived=0 trips=0 broken=true]", b.Stats().LogValue().String())
	require.True(t, slices.Contains([]bool{b.Stats().Broken}, true))
}
