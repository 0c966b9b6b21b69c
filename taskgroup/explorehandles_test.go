//go:build explore

package taskgroup

import (
	"context"
	"slices"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// exploreHandles looks at tasks and touches them from outside.
func exploreHandles(t *testing.T) {
	// A task is cancelled by its handle while it ends and while it is waited for.
	t.Run("cancel of a task", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			var task *Task[int]
			x.Go("run", func() {
				started := make(chan struct{})
				go func() {
					wait(x.Context(), started)
					explore.Point("about to call Cancel")
					if task != nil {
						task.Cancel()
					}
				}()
				if err := Run(x.Context(), func(_ context.Context, g *Group) error {
					task = Start(g, func(ctx context.Context) (int, error) {
						explore.Point("in the task")
						return 1, ctx.Err()
					})
					close(started)
					_, err := task.Wait(x.Context())
					if (task.State() == Succeeded) != (err == nil) {
						x.Failf("%v, but %v", task.State(), err)
					}
					return nil
				}); err != nil {
					x.Failf("%v", err)
				}
			})
		})
	})
	// Trees are taken while a nested group comes and goes.
	t.Run("tree", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			x.Go("run", func() {
				_ = Run(x.Context(), func(ctx context.Context, g *Group) error {
					g.Go(func(ctx context.Context) error {
						return Run(ctx, func(_ context.Context, g *Group) error {
							g.Go(func(context.Context) error { return nil })
							return nil
						}, Name("nested"))
					})
					var names []string
					for range 3 {
						explore.Point("about to take a tree")
						for _, n := range g.Tree().Children {
							for _, n := range n.Children {
								names = append(names, n.Name)
							}
						}
					}
					if slices.ContainsFunc(names, func(s string) bool { return s != "nested" }) {
						x.Failf("%v", names)
					}
					return nil
				})
			})
		})
	})
}
