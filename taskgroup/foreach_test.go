package taskgroup_test

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

// counted is the numbers from 0 to n-1, and counts those that were asked for.
func counted(n int, pulled *atomic.Int64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			pulled.Add(1)
			if !yield(i) {
				return
			}
		}
	}
}

// A peak is the largest number seen.
type peak struct{ atomic.Int64 }

func (p *peak) see(n int64) {
	for old := p.Load(); n > old && !p.CompareAndSwap(old, n); old = p.Load() {
	}
}

// Under a limit of its own, and under one further out, ForEach takes a value only once
// the call for the one before it has begun.
func TestForEachIsOneValueAhead(t *testing.T) {
	forEach := func(limit int) func(context.Context, iter.Seq[int], func(context.Context, int) error) error {
		return func(ctx context.Context, seq iter.Seq[int], fn func(context.Context, int) error) error {
			return taskgroup.ForEach(ctx, limit, seq, fn)
		}
	}
	for name, call := range map[string]func(context.Context, iter.Seq[int], func(context.Context, int) error) error{
		"own": forEach(3),
		"outer": func(ctx context.Context, seq iter.Seq[int], fn func(context.Context, int) error) error {
			return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
				g.Go(func(ctx context.Context) error { return forEach(100)(ctx, seq, fn) })
				return nil
			}, taskgroup.Limit(3))
		},
		"both": func(ctx context.Context, seq iter.Seq[int], fn func(context.Context, int) error) error {
			return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
				g.Go(func(ctx context.Context) error { return forEach(3)(ctx, seq, fn) })
				g.Go(nothing)
				return nil
			}, taskgroup.Limit(4))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var pulled, begun, running atomic.Int64
				var most, ahead peak
				start := time.Now()
				require.NoError(t, call(t.Context(), counted(30, &pulled), func(context.Context, int) error {
					begun.Add(1)
					most.see(running.Add(1))
					time.Sleep(time.Second / 2) // when all is quiet
					ahead.see(pulled.Load() - begun.Load())
					time.Sleep(time.Second / 2)
					running.Add(-1)
					return nil
				}))
				require.EqualValues(t, 30, begun.Load())
				require.EqualValues(t, 3, most.Load())
				require.LessOrEqual(t, ahead.Load(), int64(1))
				require.Equal(t, 10*time.Second, time.Since(start))
			})
		})
	}
}

func TestForEachStopsAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pulled atomic.Int64
		var ended atomic.Int64
		err := taskgroup.ForEach(t.Context(), 2, counted(100, &pulled), func(ctx context.Context, i int) error {
			defer ended.Add(1)
			if i == 3 {
				return after(time.Millisecond, errBoom)(ctx)
			}
			return after(time.Second, nil)(ctx)
		})
		require.Equal(t, errBoom, err)
		require.EqualValues(t, 5, pulled.Load(), "the fourth that failed, and one that waited")
		require.EqualValues(t, 5, ended.Load())
	})
}

func TestForEachStopsWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Millisecond)
		defer cancel()
		var pulled atomic.Int64
		err := taskgroup.ForEach(ctx, 1, counted(100, &pulled), func(context.Context, int) error {
			time.Sleep(20 * time.Millisecond)
			return nil
		})
		require.Equal(t, context.DeadlineExceeded, err)
		require.EqualValues(t, 6, pulled.Load())

		err = taskgroup.ForEach(ctx, 1, counted(100, &pulled), func(context.Context, int) error { return nil })
		require.Equal(t, context.DeadlineExceeded, err)
		require.EqualValues(t, 6, pulled.Load())
	})
}

func TestForEachMisuseAndEmpty(t *testing.T) {
	for _, limit := range []int{0, -1} {
		require.Panics(t, func() { _ = taskgroup.ForEach(t.Context(), limit, slices.Values([]int{1}), nil) })
		require.Panics(t, func() { taskgroup.GatherSeq[int, int](t.Context(), limit, nil, nil) })
	}
	require.NoError(t, taskgroup.ForEach(t.Context(), 1, slices.Values([]int{}), func(context.Context, int) error { return nil }))
}

// A panic of seq or of a call comes out once all calls have ended.
func TestForEachPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		p := recovered(func() {
			_ = taskgroup.ForEach(t.Context(), 5, func(yield func(int) bool) {
				yield(1)
				panic(errBoom)
			}, func(ctx context.Context, _ int) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				ended++
				return nil
			})
		})
		require.Equal(t, errBoom, p.(*taskgroup.PanicError).Value)
		require.Equal(t, 1, ended)
		p = recovered(func() {
			_ = taskgroup.ForEach(t.Context(), 1, slices.Values([]int{1, 2, 3}), func(ctx context.Context, _ int) error { return panicTask(ctx) })
		})
		require.Equal(t, errBoom, p.(*taskgroup.PanicError).Value)
	})
}
