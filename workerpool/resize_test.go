package workerpool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A pool that grows admits those who wait for room at once, and at first a worker whose task
// has ended.
func TestGrowingAdmits(t *testing.T) {
	for _, capacity := range []int{0, 2} {
		inBubble(t, 1, with(Queue(capacity)), func(t *testing.T, p *Pool) {
			for range 1 + capacity {
				require.NoError(t, p.Go(t.Context(), slow(time.Hour)))
			}
			var futures [3]*Future[int]
			for i := range futures {
				go func() { futures[i], _ = Submit(t.Context(), p, after(time.Hour, i)) }()
			}
			synctest.Wait()
			require.Equal(t, 3, p.Stats().Blocked)
			takes(t, 0, func() {
				p.Resize(3)
				requireStats(t, p, Stats{Limit: 3, Workers: 3, Submitted: 3 + capacity, Running: 3, Waiting: capacity, Blocked: 1})
				p.Resize(4)
				requireStats(t, p, Stats{Limit: 4, Workers: 4, Submitted: 4 + capacity, Running: 4, Waiting: capacity})
			})
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

// A worker that ends admits those who wait for what its task took.
func TestExitAdmits(t *testing.T) {
	inBubble(t, 1, with(Queue(0), RetireAfter(1)), func(t *testing.T, p *Pool) {
		require.NoError(t, p.Go(t.Context(), slow(time.Second)))
		takes(t, time.Second, func() { gives(t, submit(t, t.Context(), p, value(1)), 1) })
		takes(t, 0, func() { gives(t, submit(t, t.Context(), p, value(2)), 2) })
	})
}

// A pool that shrinks ends idle workers now and others after their task.
func TestShrinking(t *testing.T) {
	inBubble(t, 4, nil, func(t *testing.T, p *Pool) {
		require.NoError(t, p.Go(t.Context(), slow(2*time.Second)))
		require.NoError(t, p.Go(t.Context(), slow(3*time.Second)))
		require.NoError(t, p.Go(t.Context(), slow(0)))
		require.NoError(t, p.Go(t.Context(), slow(0)))
		requireStats(t, p, Stats{Limit: 4, Workers: 4, Idle: 2, Submitted: 4, Running: 2, Done: 2})
		p.Resize(3)
		requireStats(t, p, Stats{Limit: 3, Workers: 3, Idle: 1, Submitted: 4, Running: 2, Done: 2})
		p.Resize(1)
		for range 2 {
			require.NoError(t, p.Go(t.Context(), slow(time.Second)))
		}
		requireStats(t, p, Stats{Limit: 1, Workers: 2, Submitted: 6, Running: 2, Waiting: 2, Done: 2})
		time.Sleep(2 * time.Second)
		requireStats(t, p, Stats{Limit: 1, Workers: 1, Submitted: 6, Running: 1, Waiting: 2, Done: 3})
		takes(t, 3*time.Second, func() { require.NoError(t, p.Shutdown(t.Context())) })
	})
}

// A worker that was woken ends if there are too many by then, and a task is not left. On
// several processors it can have run the task before.
func TestShrinkingWhileAWorkerIsWoken(t *testing.T) {
	inBubble(t, 2, with(IdleTime(time.Hour)), func(t *testing.T, p *Pool) {
		first := submit(t, t.Context(), p, after(time.Second, 1))
		gives(t, submit(t, t.Context(), p, value(2)), 2)
		synctest.Wait()
		last := submit(t, t.Context(), p, value(3))
		p.Resize(1)
		start := time.Now()
		gives(t, last, 3)
		require.Contains(t, []time.Duration{0, time.Second}, time.Since(start))
		gives(t, first, 1)
	})
}

func TestPause(t *testing.T) {
	inBubble(t, 1, with(Queue(1)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			g, err := Submit(ctx, p, after(time.Second, 1))
			if err != nil {
				return 0, err
			}
			return g.Wait(ctx)
		})
		synctest.Wait()
		p.Pause()
		takes(t, 2*time.Second, func() { gives(t, f, 1) }) // those that it waits for are begun
		g := submit(t, t.Context(), p, value(2))
		time.Sleep(time.Hour)
		require.False(t, resolved(g))
		_, ok := TrySubmit(p, value(1))
		require.True(t, ok || p.Stats().Waiting == 1, "a paused pool has no room but the queue")
		require.Equal(t, 1, p.Stats().Waiting)
		require.Contains(t, p.String(), ", paused")
		p.Resume()
		takes(t, 0, func() { gives(t, g, 2) })

		p.Pause()
		h := submit(t, t.Context(), p, value(3))
		takes(t, 0, func() { require.NoError(t, p.Shutdown(t.Context())) })
		gives(t, h, 3)
	})
}

// Resume admits those who wait for room.
func TestResumeAdmits(t *testing.T) {
	inBubble(t, 1, with(Queue(0)), func(t *testing.T, p *Pool) {
		p.Pause()
		time.AfterFunc(time.Second, p.Resume)
		takes(t, time.Second, func() { gives(t, submit(t, t.Context(), p, value(1)), 1) })
	})
}

// A worker that is woken when the pool has been paused leaves the task in the queue; one
// that was faster has run it.
func TestPauseWhileAWorkerIsWoken(t *testing.T) {
	inBubble(t, 1, with(IdleTime(time.Hour)), func(t *testing.T, p *Pool) {
		gives(t, submit(t, t.Context(), p, value(1)), 1)
		synctest.Wait()
		f := submit(t, t.Context(), p, value(2))
		p.Pause()
		require.Equal(t, resolved(f), p.Stats().Waiting == 0)
		p.Resume()
		takes(t, 0, func() { gives(t, f, 2) })
	})
}
