package bench

import (
	"context"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/interleave-go/interleave/taskgroup"
)

// BenchmarkGroup10: a group of ten tasks that share a context.
func BenchmarkGroup10(b *testing.B) {
	alone(b, impl{"ours", func(*testing.B) func() {
		body := func(_ context.Context, g *taskgroup.Group) error {
			for range 10 {
				g.Go(succeed)
			}
			return nil
		}
		return func() { _ = taskgroup.Run(background, body) }
	}}, impl{"errgroup", func(*testing.B) func() {
		return func() {
			g, ctx := errgroup.WithContext(background)
			for range 10 {
				g.Go(func() error { return succeed(ctx) })
			}
			_ = g.Wait()
		}
	}})
}

// BenchmarkGroupLimited: one of many tasks of a group that runs eight at a time.
func BenchmarkGroupLimited(b *testing.B) {
	const limit = 8
	stream(b, "ours", func(_ *testing.B, n int) {
		_ = taskgroup.Run(background, func(_ context.Context, g *taskgroup.Group) error {
			for range n {
				g.Go(succeed)
			}
			return nil
		}, taskgroup.Limit(limit))
	})
	stream(b, "errgroup", func(_ *testing.B, n int) { errgroupOf(limit, n) })
}

// BenchmarkGroupForEach: the same, with no more than one task queued.
func BenchmarkGroupForEach(b *testing.B) {
	const limit = 8
	stream(b, "ours", func(_ *testing.B, n int) {
		numbers := func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		}
		_ = taskgroup.ForEach(background, limit, numbers, func(context.Context, int) error { return nil })
	})
	stream(b, "errgroup", func(_ *testing.B, n int) { errgroupOf(limit, n) })
}

func errgroupOf(limit, n int) {
	g, ctx := errgroup.WithContext(background)
	g.SetLimit(limit)
	for range n {
		g.Go(func() error { return succeed(ctx) })
	}
	_ = g.Wait()
}
