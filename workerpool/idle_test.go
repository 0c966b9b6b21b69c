package workerpool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The chapter's workers end after an idle second, for good, and later tasks never run.
func TestTasksAfterTheIdleTimeRun(t *testing.T) {
	inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
		before := goroutines()
		for range 3 {
			gives(t, submit(t, t.Context(), p, value(1)), 1)
			time.Sleep(time.Second - 1)
			require.Equal(t, before+1, goroutines())
			time.Sleep(time.Nanosecond)
			require.Equal(t, before, goroutines(), "exactly after the idle time")
			time.Sleep(time.Hour)
		}
	})
}

func TestIdleTimeZero(t *testing.T) {
	inBubble(t, 2, with(IdleTime(0)), func(t *testing.T, p *Pool) {
		before := goroutines()
		f := submit(t, t.Context(), p, after(time.Second, 1))
		require.Equal(t, before+1, goroutines())
		gives(t, f, 1)
		require.Equal(t, before, goroutines())
		requireStats(t, p, Stats{Limit: 2, Submitted: 1, Done: 1})
	})
}

func TestWorkersStartOnDemand(t *testing.T) {
	inBubble(t, 8, with(IdleTime(time.Minute)), func(t *testing.T, p *Pool) {
		require.Zero(t, p.Stats().Workers)
		for i := range 3 {
			require.NoError(t, p.Go(t.Context(), slow(time.Second)))
			synctest.Wait()
			require.Equal(t, i+1, p.Stats().Workers)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for range 10 { // an idle one is taken
			gives(t, submit(t, t.Context(), p, value(1)), 1)
			synctest.Wait()
			require.Equal(t, 3, p.Stats().Workers)
		}
	})
}

// Of a burst of tasks each has its worker, up to the limit.
func TestBurst(t *testing.T) {
	inBubble(t, 5, nil, func(t *testing.T, p *Pool) {
		takes(t, 2*time.Second, func() {
			for range 10 {
				require.NoError(t, p.Go(t.Context(), slow(time.Second)))
			}
			requireStats(t, p, Stats{Limit: 5, Workers: 5, Submitted: 10, Running: 5, Waiting: 5})
			require.NoError(t, p.Shutdown(t.Context()))
		})
	})
}

// The worker that went to rest last is the first to be taken, so that those that are not
// needed end.
func TestLastIdleWorkerIsTakenFirst(t *testing.T) {
	made := 0
	state := WorkerState(func(context.Context) (int, error) { made++; return made, nil }, nil)
	inBubble(t, 3, with(state), func(t *testing.T, p *Pool) {
		for i := range 3 { // they rest after one, two and three tenths of a second
			require.NoError(t, p.Go(t.Context(), slow(time.Duration(i+1)*time.Second/10)))
			synctest.Wait()
		}
		time.Sleep(time.Second / 2)
		for i := range 10 {
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return State[int](ctx), nil })
			gives(t, f, 3)
			synctest.Wait()
			at := time.Second/2 + time.Duration(i)*time.Second/10
			idle := 3
			if at >= time.Second+time.Second/10 {
				idle--
			}
			if at >= time.Second+2*time.Second/10 {
				idle--
			}
			require.Equal(t, idle, p.Stats().Idle)
			time.Sleep(time.Second / 10)
		}
		time.Sleep(9*time.Second/10 - 1)
		require.Equal(t, 1, p.Stats().Workers)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Zero(t, p.Stats().Workers)
	})
}

func TestRetireAfter(t *testing.T) {
	var made, ended int
	state := WorkerState(func(context.Context) (int, error) { made++; return made, nil }, func(int) { ended++ })
	inBubble(t, 1, with(RetireAfter(3), state), func(t *testing.T, p *Pool) {
		for i := range 10 {
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return State[int](ctx), nil })
			gives(t, f, i/3+1)
			synctest.Wait()
			require.Equal(t, (i+1)/3, ended)
		}
		var order []int
		for i := range 9 {
			require.NoError(t, p.Go(t.Context(), func(context.Context) error { order = append(order, i); return nil }))
		}
		p.Close()
	})
}

// A pool serves one bubble after the other, once its workers have ended; a timer of the
// first one has no part in the second.
func TestTwoBubbles(t *testing.T) {
	for _, opts := range [][]Option{nil, {RetireAfter(2)}} {
		p := New(2, opts...)
		for range 3 {
			synctest.Test(t, func(t *testing.T) {
				before := goroutines()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				gives(t, submit(t, ctx, p, after(time.Second, 1)), 1)
				synctest.Wait()
				require.Equal(t, before+1, goroutines())
				if opts == nil {
					time.Sleep(time.Second)
				} else { // it ends before its idle time does
					gives(t, submit(t, ctx, p, value(1)), 1)
				}
				require.Equal(t, before, goroutines())
				require.Nil(t, p.reaper)
			})
		}
		p.Close()
	}
}

func TestReaperThatComesLate(t *testing.T) {
	inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
		gives(t, submit(t, t.Context(), p, value(1)), 1)
		time.Sleep(time.Second / 2)
		gives(t, submit(t, t.Context(), p, after(time.Minute, 1)), 1) // the reaper finds nobody
		time.Sleep(time.Second - 1)
		require.Equal(t, 1, p.Stats().Idle)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Zero(t, p.Stats().Workers)
	})
}
