package workerpool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCloseCancels(t *testing.T) {
	inBubble(t, 1, with(Queue(2)), func(t *testing.T, p *Pool) {
		running := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return 5, untilEnd(ctx) })
		synctest.Wait()
		queued := submit(t, t.Context(), p, func(context.Context) (int, error) { panic("called") })
		require.NoError(t, p.Go(t.Context(), func(context.Context) error { panic("called") }))
		blocked := make(chan error, 2)
		for range 2 {
			go func() { blocked <- p.Go(t.Context(), slow(0)) }()
		}
		synctest.Wait()
		takes(t, 0, p.Close)
		fails(t, running, ErrClosed)
		fails(t, queued, ErrClosed)
		require.Equal(t, ErrClosed, <-blocked)
		require.Equal(t, ErrClosed, <-blocked)
		_, err := Submit(t.Context(), p, value(1))
		require.Equal(t, ErrClosed, err)
		_, ok := TrySubmit(p, value(1))
		require.False(t, ok)
		p.Close()
		p.Pause()
		requireStats(t, p, Stats{Limit: 1, Closed: true, Submitted: 3, Failed: 1, Cancelled: 2})
		require.Contains(t, p.String(), ", closed")
	})
}

func TestCloseWaitsForRunningTasks(t *testing.T) {
	inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
		before := goroutines()
		require.NoError(t, p.Go(t.Context(), slow(time.Second)))
		require.NoError(t, p.Go(t.Context(), slow(2*time.Second)))
		synctest.Wait()
		takes(t, 2*time.Second, p.Close)
		require.Equal(t, before, goroutines())
	})
}

func TestShutdownDrains(t *testing.T) {
	inBubble(t, 1, with(Queue(2)), func(t *testing.T, p *Pool) {
		before := goroutines()
		p.Pause()
		var futures []*Future[int]
		for i := range 2 {
			futures = append(futures, submit(t, t.Context(), p, after(time.Second, i)))
		}
		last := Then(t.Context(), futures[1], func(_ context.Context, v int) (int, error) { time.Sleep(time.Second); return v + 1, nil })
		blocked := make(chan error, 1)
		go func() { blocked <- p.Go(t.Context(), slow(0)) }()
		synctest.Wait()
		takes(t, 3*time.Second, func() { require.NoError(t, p.Shutdown(t.Context())) })
		require.Equal(t, ErrClosed, <-blocked)
		gives(t, futures[0], 0)
		gives(t, last, 2)
		require.Equal(t, before, goroutines())
		fails(t, Then(t.Context(), last, func(context.Context, int) (int, error) { return 0, nil }), ErrClosed)
		require.Equal(t, before, goroutines(), "no worker comes after the end")
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestShutdownEndsWithContext(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		first := submit(t, t.Context(), p, after(2*time.Second, 1))
		second := submit(t, t.Context(), p, after(2*time.Second, 2))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		takes(t, time.Second, func() { require.Equal(t, context.DeadlineExceeded, p.Shutdown(ctx)) })
		takes(t, 0, func() { require.Equal(t, context.DeadlineExceeded, p.Shutdown(ctx)) })
		require.Equal(t, ErrClosed, p.Go(t.Context(), slow(0)))
		takes(t, 3*time.Second, func() { require.NoError(t, p.Shutdown(t.Context())) })
		gives(t, first, 1)
		gives(t, second, 2)
	})
}

// A context that has ended has the pool shut down nevertheless.
func TestShutdownWithEndedContext(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, context.Canceled, p.Shutdown(ctx))
		require.True(t, p.Stats().Closed)
	})
}

func TestCloseDuringShutdown(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return 0, untilEnd(ctx) })
		g := Then(t.Context(), f, func(context.Context, int) (int, error) { return 0, nil })
		synctest.Wait()
		time.AfterFunc(time.Second, p.Close)
		takes(t, time.Second, func() { require.NoError(t, p.Shutdown(t.Context())) })
		fails(t, f, ErrClosed)
		fails(t, g, ErrClosed)
	})
}

// Submissions that race the end are accepted, and then run or resolved, or refused.
func TestSubmitRacesTheEnd(t *testing.T) {
	for round := range 400 / slowdown {
		p := New(2, Queue(4), IdleTime(time.Duration(round%3)*time.Millisecond))
		var ran, accepted, refused, cancelled atomic.Int64
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for {
					f, err := Submit(t.Context(), p, func(context.Context) (int, error) { ran.Add(1); return i, nil })
					if err != nil {
						if errors.Is(err, ErrClosed) {
							refused.Add(1)
						}
						return
					}
					accepted.Add(1)
					if i%2 == 0 {
						wg.Go(func() {
							if _, err := f.Wait(context.Background()); errors.Is(err, ErrClosed) {
								cancelled.Add(1)
							}
						})
					} else if _, err := f.Wait(context.Background()); errors.Is(err, ErrClosed) {
						cancelled.Add(1)
					}
				}
			})
		}
		for p.Stats().Submitted < 20 {
			p.Resize(1 + round%3)
		}
		if round%2 == 0 {
			p.Close()
		} else {
			require.NoError(t, p.Shutdown(t.Context()))
		}
		s := p.Stats()
		wg.Wait()
		s.Blocked = 0 // they may have yet to learn that they are not
		require.Equal(t, s, p.Stats(), "nothing changes after the end")
		require.NoError(t, identity(s))
		require.EqualValues(t, 4, refused.Load())
		require.EqualValues(t, s.Submitted, accepted.Load())
		require.EqualValues(t, s.Done, ran.Load())
		require.EqualValues(t, s.Cancelled, cancelled.Load())
		require.Zero(t, s.Waiting+s.Running+s.Workers)
		if round%2 == 1 {
			require.Zero(t, s.Cancelled)
		}
	}
}

// The chapter's pool blocks for ever when it is shut down while its queue is full, since it
// has each worker told to end through the queue.
func TestShutdownWithAFullQueueDoesNotBlock(t *testing.T) {
	inBubble(t, 2, with(Queue(10)), func(t *testing.T, p *Pool) {
		var ran atomic.Int64
		for i := range 12 {
			require.NoError(t, p.Go(t.Context(), func(context.Context) error {
				time.Sleep(time.Duration(i%2+1) * time.Second)
				ran.Add(1)
				return nil
			}))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		takes(t, 0, func() { require.Equal(t, context.Canceled, p.Shutdown(ctx)) })
		require.NoError(t, p.Shutdown(t.Context()))
		require.EqualValues(t, 12, ran.Load())
	})
}
