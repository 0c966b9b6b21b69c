//go:build explore

package taskgroup

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// exploreLimit has tasks give up a slot and take it back while others come for it and
// contexts end: one runs at a time, and in the end the slot is there.
func exploreLimit(t *testing.T) {
	check := func(name string, cfg explore.Config, body func(x *explore.Exec, g *Group, inside func(by int), cancelled context.Context)) {
		t.Run(name, func(t *testing.T) {
			explore.Check(t, cfg, func(x *explore.Exec) {
				n := 0
				inside := func(by int) { n += by }
				var group *Group
				cancelled, cancel := context.WithCancel(x.Context())
				x.Event("cancel", cancel)
				x.Go("run", func() {
					_ = Run(x.Context(), func(_ context.Context, g *Group) error {
						group = g
						body(x, g, inside, cancelled)
						return nil
					}, Limit(1))
				})
				x.Always(func() error {
					if n > 1 {
						return fmt.Errorf("%d tasks run", n)
					}
					return nil
				})
				x.Finally(func() error {
					l := group.limiter
					if n != 0 || l.free != 1 || l.queued.first != nil || l.returning.first != nil {
						return fmt.Errorf("%d tasks run, %d slots are free", n, l.free)
					}
					return nil
				})
			})
		})
	}
	task := func(inside func(by int)) func(context.Context) error {
		return func(context.Context) error {
			inside(1)
			explore.Point("inside")
			inside(-1)
			return nil
		}
	}
	check("wait", explore.Config{}, func(x *explore.Exec, g *Group, inside func(by int), cancelled context.Context) {
		g.Go(func(ctx context.Context) error {
			inside(1)
			child := Start(g, func(ctx context.Context) (int, error) { return 1, task(inside)(ctx) })
			g.Go(task(inside))
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			defer context.AfterFunc(cancelled, stop)()
			inside(-1)
			_, _ = child.Wait(ctx)
			inside(1)
			explore.Point("inside again")
			inside(-1)
			return nil
		})
	})
	check("nested", explore.Config{Random: 2000, Preemptions: 4}, func(x *explore.Exec, g *Group, inside func(by int), cancelled context.Context) {
		for range 2 {
			g.Go(func(ctx context.Context) error {
				inside(1)
				explore.Point("inside before")
				inside(-1)
				err := ForEach(ctx, 1, slices.Values([]int{1, 2}), func(ctx context.Context, _ int) error {
					return task(inside)(ctx)
				})
				inside(1)
				explore.Point("inside after")
				inside(-1)
				return err
			})
		}
	})
	check("two goroutines of a task", explore.Config{Random: 3000, Preemptions: 4}, func(x *explore.Exec, g *Group, inside func(by int), cancelled context.Context) {
		g.Go(func(ctx context.Context) error {
			first := Start(g, func(ctx context.Context) (int, error) { return 1, task(inside)(ctx) })
			second := Start(g, func(ctx context.Context) (int, error) { return 2, task(inside)(ctx) })
			g.Go(task(inside))
			done := make(chan struct{})
			go func() {
				explore.Point("second goroutine")
				_, _ = first.Wait(ctx)
				close(done)
			}()
			if cancelled.Err() == nil { // else the task ends while its goroutine waits
				_, _ = second.Wait(ctx)
				<-done
				explore.Point("both are back")
			}
			return nil
		})
	})
}
