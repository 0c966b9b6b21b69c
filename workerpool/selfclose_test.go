package workerpool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// ends are the ways in which a task can end its own pool.
var ends = map[string]func(ctx context.Context, p *Pool) error{
	"Shutdown":             func(ctx context.Context, p *Pool) error { return p.Shutdown(ctx) },
	"Shutdown, Background": func(_ context.Context, p *Pool) error { return p.Shutdown(context.Background()) },
	"Close":                func(_ context.Context, p *Pool) error { p.Close(); return nil },
}

// A task that ends its pool with one worker has what is queued run, or cancelled, and goes
// on; somebody else who ends it waits for that task too.
func TestEndFromATask(t *testing.T) {
	for name, end := range ends {
		inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
			before := goroutines()
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
				time.Sleep(time.Second)
				err := end(ctx, p)
				time.Sleep(time.Second)
				return 1, err
			})
			queued := []*Future[int]{submit(t, t.Context(), p, after(time.Second, 2)), submit(t, t.Context(), p, after(time.Second, 3))}
			time.Sleep(time.Second + 1)
			start := time.Now()
			require.NoError(t, p.Shutdown(t.Context()))
			gives(t, f, 1)
			require.Equal(t, before, goroutines())
			if name == "Close" {
				require.Equal(t, time.Second-1, time.Since(start))
				fails(t, queued[0], ErrClosed)
				fails(t, queued[1], ErrClosed)
			} else {
				require.Equal(t, 3*time.Second-1, time.Since(start))
				gives(t, queued[0], 2)
				gives(t, queued[1], 3)
			}
		})
	}
}

// It waits for the tasks of other workers.
func TestEndFromATaskWaitsForOthers(t *testing.T) {
	for _, end := range ends {
		inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
			require.NoError(t, p.Go(t.Context(), slow(3*time.Second)))
			synctest.Wait()
			f := submit(t, t.Context(), p, func(ctx context.Context) (time.Duration, error) {
				start := time.Now()
				err := end(ctx, p)
				return time.Since(start), err
			})
			gives(t, f, 3*time.Second)
		})
	}
}

func TestEndFromTwoTasks(t *testing.T) {
	for _, one := range ends {
		for _, other := range ends {
			inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
				task := func(end func(context.Context, *Pool) error) *Future[int] {
					return submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
						time.Sleep(time.Second)
						return 1, end(ctx, p)
					})
				}
				f, g := task(one), task(other)
				time.Sleep(time.Second)
				for _, f := range []*Future[int]{f, g} {
					v, err := f.Wait(t.Context())
					require.Equal(t, 1, v)
					if err != nil { // its own context was ended by the other one
						require.ErrorIs(t, err, context.Canceled)
					}
				}
				require.NoError(t, p.Shutdown(t.Context()))
			})
		}
	}
}

// So does one that another task has lent its worker to, and one that goes on on another
// goroutine after runtime.Goexit of the one before.
func TestEndFromALentWorker(t *testing.T) {
	for _, end := range ends {
		inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
				inner, err := Submit(ctx, p, func(ctx context.Context) (int, error) { return 1, end(ctx, p) })
				if err != nil {
					return 0, err
				}
				v, err := inner.Wait(ctx)
				if ctx.Err() != nil { // by Close
					err = nil
				}
				return 1 + max(v, 1), err
			})
			gives(t, f, 2)
			require.NoError(t, p.Shutdown(t.Context()))
		})
		inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
			require.NoError(t, p.Go(t.Context(), goexit))
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
				first, _ := Submit(ctx, p, func(ctx context.Context) (int, error) { return 0, goexit(ctx) })
				_, _ = Submit(ctx, p, func(ctx context.Context) (int, error) { return 1, end(ctx, p) })
				_, _ = first.Wait(ctx)
				return 2, end(ctx, p)
			})
			v, _ := f.Wait(t.Context())
			require.Equal(t, 2, v)
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

// What a task gives up waiting for does not count as its waiting later on.
func TestEndFromATaskThatGivesUp(t *testing.T) {
	inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
		other := submit(t, t.Context(), p, after(2*time.Second, 1))
		synctest.Wait()
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return 1, p.Shutdown(ctx)
		})
		last := Then(t.Context(), other, func(ctx context.Context, _ int) (time.Duration, error) {
			start := time.Now()
			err := p.Shutdown(ctx)
			return time.Since(start), err
		})
		long := Then(t.Context(), other, func(context.Context, int) (int, error) { time.Sleep(time.Minute); return 1, nil })
		fails(t, f, context.DeadlineExceeded)
		gives(t, last, time.Minute)
		gives(t, long, 1)
	})
}

// A task that has its pool drained stops that when its context ends.
func TestDrainingTaskEndsWithContext(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			ctx, cancel := context.WithTimeout(ctx, time.Second+1)
			defer cancel()
			return 1, p.Shutdown(ctx)
		})
		for range 4 {
			require.NoError(t, p.Go(t.Context(), slow(time.Second)))
		}
		takes(t, 3*time.Second, func() { fails(t, f, context.DeadlineExceeded) })
		takes(t, 2*time.Second, func() { require.NoError(t, p.Shutdown(t.Context())) })
	})
}
