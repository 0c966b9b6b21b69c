package workerpool

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Goexit and panics of a task that was lent a worker are its own.
func TestCrashesInALentWorker(t *testing.T) {
	inTask(t, nil, func(ctx context.Context, p *Pool) error {
		for range 3 {
			f, _ := Submit(ctx, p, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
			_, err := f.Wait(ctx)
			require.Equal(t, ErrGoexit, err)
			f, _ = Submit(ctx, p, func(context.Context) (int, error) { panic(errTask) })
			_, err = f.Wait(ctx)
			require.ErrorIs(t, err, errTask)
		}
		return ctx.Err()
	})
}

// Several goroutines of a task wait at once: one by one what they wait for is run.
func TestGoroutinesOfATaskWait(t *testing.T) {
	for range 20 {
		inTask(t, nil, func(ctx context.Context, p *Pool) error {
			var running gauge
			var wg sync.WaitGroup
			for i := range 6 {
				f, _ := Submit(ctx, p, func(context.Context) (int, error) {
					running.enter()
					defer running.leave()
					time.Sleep(time.Duration(i%2) * time.Second)
					return i, nil
				})
				for range 2 {
					wg.Go(func() { _, _ = f.Wait(ctx) })
				}
			}
			wg.Wait()
			if running.most.Load() > 1 {
				return errTask
			}
			return nil
		})
	}
}

// One that begins to wait when the worker comes back lends it again, and loses nobody.
func TestGoroutinesOfATaskTakeTurns(t *testing.T) {
	p := New(1)
	defer p.Close()
	f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 2000 / slowdown {
					if f, err := Submit(ctx, p, value(1)); err == nil {
						_, _ = f.Wait(ctx)
					}
				}
			})
		}
		wg.Wait()
		return 1, nil
	})
	gives(t, f, 1)
	require.NoError(t, identity(p.Stats()))
}

// A goroutine of a task that submits to a full queue while another one waits gets in when
// the worker is back, though the task goes on to wait for that goroutine by other means.
func TestGoroutineOfATaskSubmitsWhileAnotherWaits(t *testing.T) {
	inTask(t, with(Queue(1)), func(ctx context.Context, p *Pool) error {
		var wg sync.WaitGroup
		f, _ := Submit(ctx, p, after(time.Second, 1))
		wg.Go(func() { _, _ = f.Wait(ctx) })
		synctestSleep()
		_ = p.Go(ctx, slow(time.Second)) // the queue is full
		wg.Go(func() { _ = p.Go(ctx, slow(0)) })
		wg.Go(func() { _ = p.Go(ctx, slow(0)) })
		wg.Wait()
		return nil
	})
}

// synctestSleep lets the other goroutines of the bubble come to rest.
func synctestSleep() { time.Sleep(time.Nanosecond) }

// A task that returns while a goroutine of it waits ends when the worker is back.
func TestTaskReturnsWhileItsGoroutineWaits(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		results := make(chan int, 2)
		outer := func(ctx context.Context) (int, error) {
			f, _ := Submit(context.WithoutCancel(ctx), p, after(time.Second, 1))
			go func() {
				v, _ := f.Wait(context.WithoutCancel(ctx))
				results <- v
			}()
			synctestSleep()
			return 2, nil
		}
		takes(t, time.Second, func() { gives(t, submit(t, t.Context(), p, outer), 2) })
		require.Equal(t, 1, <-results)
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			f, _ := Submit(context.WithoutCancel(ctx), p, outer)
			return f.Wait(ctx)
		})
		gives(t, f, 2)
		require.Equal(t, 1, <-results)
		require.NoError(t, p.Shutdown(t.Context()))
		requireStats(t, p, Stats{Limit: 1, Closed: true, Submitted: 5, Done: 5})
	})
}

// A context of a task that has ended does not lend anything.
func TestWaitWithTheContextOfAnEndedTask(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		var kept context.Context
		gives(t, submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			kept = context.WithoutCancel(ctx)
			return 1, nil
		}), 1)
		gives(t, submit(t, t.Context(), p, value(2)), 2)
		v, err := submit(t, t.Context(), p, after(time.Second, 3)).Wait(kept)
		require.NoError(t, err)
		require.Equal(t, 3, v)
	})
}
