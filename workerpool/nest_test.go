package workerpool

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// deep returns a task that awaits a task that awaits a task, n deep.
func deep(p *Pool, g *gauge, n int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		g.enter()
		defer g.leave()
		if n == 0 {
			return 0, nil
		}
		f, err := Submit(ctx, p, deep(p, g, n-1))
		if err != nil {
			return 0, err
		}
		g.leave()
		v, err := f.Wait(ctx)
		g.enter()
		return v + 1, err
	}
}

// tree returns a task that awaits two tasks, each of which does so, n deep.
func tree(p *Pool, g *gauge, n int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		g.enter()
		defer g.leave()
		if n == 0 {
			return 1, nil
		}
		left, err := Submit(ctx, p, tree(p, g, n-1))
		if err != nil {
			return 0, err
		}
		right, err := Submit(ctx, p, tree(p, g, n-1))
		if err != nil {
			return 0, err
		}
		g.leave()
		v, err := WaitAll(ctx, left, right)
		g.enter()
		if err != nil {
			return 0, err
		}
		return v[0] + v[1], err
	}
}

func TestNesting(t *testing.T) {
	for _, workers := range []int{1, 2, 3} {
		inBubble(t, workers, nil, func(t *testing.T, p *Pool) {
			var g gauge
			gives(t, submit(t, t.Context(), p, deep(p, &g, 100)), 100)
			gives(t, submit(t, t.Context(), p, tree(p, &g, 8)), 256)
			require.LessOrEqual(t, g.most.Load(), int64(workers))
			synctest.Wait()
			require.NoError(t, identity(p.Stats()))
			require.Zero(t, p.Stats().Running+p.Stats().Waiting)
		})
	}
}

func TestNestingOnAFullQueue(t *testing.T) {
	for _, capacity := range []int{0, 1, 2} {
		inBubble(t, 1, with(Queue(capacity)), func(t *testing.T, p *Pool) {
			var g gauge
			// A task that submits makes room by running what is queued: it counts twice.
			f := submit(t, t.Context(), p, deep(p, &g, 100))
			gives(t, f, 100)
			f = submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
				var futures []*Future[int]
				for i := range 10 {
					f, err := Submit(ctx, p, value(i))
					if err != nil {
						return 0, err
					}
					futures = append(futures, f)
				}
				v, err := WaitAll(ctx, futures...)
				return len(v), err
			})
			gives(t, f, 10)
			gives(t, submit(t, t.Context(), p, tree(p, &g, 6)), 64)
		})
	}
}

// A task that runs in place of one whose context ends as it submits.
func TestNestedSubmissionEndsWithContext(t *testing.T) {
	inBubble(t, 1, with(Queue(1)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			if err := p.Go(ctx, slow(time.Minute)); err != nil {
				return 0, err
			}
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return 0, p.Go(ctx, slow(0))
		})
		takes(t, time.Minute, func() { fails(t, f, context.DeadlineExceeded) })
	})
}

// inTask runs fn as a task of a pool with one worker.
func inTask(t *testing.T, opts []Option, fn func(ctx context.Context, p *Pool) error) {
	t.Helper()
	inBubble(t, 1, opts, func(t *testing.T, p *Pool) {
		t.Helper()
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return 1, fn(ctx, p) })
		gives(t, f, 1)
		synctest.Wait()
		require.NoError(t, identity(p.Stats()))
		require.Zero(t, p.Stats().Running+p.Stats().Waiting)
	})
}

func TestWaysToWaitWithinATask(t *testing.T) {
	inTask(t, nil, func(ctx context.Context, p *Pool) error {
		f, _ := Submit(ctx, p, value(1))
		g := Then(ctx, f, func(_ context.Context, v int) (int, error) { return v + 1, nil })
		h := Then(ctx, g, func(_ context.Context, v int) (int, error) { return v + 1, nil })
		v, err := h.Wait(ctx)
		require.Equal(t, 3, v)
		return err
	})
	inTask(t, nil, func(ctx context.Context, p *Pool) error {
		var futures []*Future[int]
		for i := range 5 {
			f, _ := Submit(ctx, p, value(i))
			futures = append(futures, f, Then(ctx, f, func(_ context.Context, v int) (int, error) { return 10 + v, nil }))
		}
		f, err := WaitAny(ctx, futures[2:]...)
		require.NoError(t, err)
		require.Same(t, futures[2], f)
		var got []int
		for f := range AsCompleted(ctx, futures...) {
			got = append(got, f.value)
		}
		slices.Sort(got)
		require.Equal(t, []int{0, 1, 2, 3, 4, 10, 11, 12, 13, 14}, got)
		return nil
	})
	for _, opts := range [][]Option{nil, {Queue(1)}, {Queue(0)}} {
		inTask(t, opts, func(ctx context.Context, p *Pool) error {
			squares := MapSeq2(ctx, p, Map(ctx, p, slices.Values([]int{1, 2, 3, 4, 5, 6, 7}), square), square)
			sum := 0
			for v, err := range squares {
				if err != nil {
					return err
				}
				sum += v
			}
			require.Equal(t, 1+16+81+256+625+1296+2401, sum)
			for v, err := range MapUnordered(ctx, p, slices.Values([]int{1, 2, 3, 4, 5, 6, 7}), square) {
				if err != nil {
					return err
				}
				if sum -= v; v == 16 {
					break
				}
			}
			return nil
		})
	}
}

func square(_ context.Context, v int) (int, error) { return v * v, nil }

// A context of the task that has ended ends the wait for what others follow.
func TestWaitWithinATaskEndsWithContext(t *testing.T) {
	inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
		first := submit(t, t.Context(), p, after(time.Minute, 1))
		synctest.Wait()
		next := Then(t.Context(), first, func(context.Context, int) (int, error) { return 1, nil })
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			n := 0
			for range AsCompleted(ctx, next) {
				n++
			}
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_, err := next.Wait(ctx)
			return n, err
		})
		takes(t, 2*time.Second, func() { fails(t, f, context.DeadlineExceeded) })
	})
}

// Two pools whose tasks wait for each other's through their contexts.
func TestTwoPools(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		q := New(1)
		defer q.Close()
		var hop func(from, to *Pool, n int) func(context.Context) (int, error)
		hop = func(from, to *Pool, n int) func(context.Context) (int, error) {
			return func(ctx context.Context) (int, error) {
				if n == 0 {
					return 0, nil
				}
				f, err := Submit(ctx, to, hop(to, from, n-1))
				if err != nil {
					return 0, err
				}
				v, err := f.Wait(ctx)
				return v + 1, err
			}
		}
		gives(t, submit(t, t.Context(), p, hop(p, q, 20)), 20)
	})
}
