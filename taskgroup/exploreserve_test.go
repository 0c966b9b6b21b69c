//go:build explore

package taskgroup

import (
	"context"
	"errors"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// exploreServe has a task become ready while the starter gives up, and while it fails:
// the starter or the group is told of a failure, and not both or neither.
func exploreServe(t *testing.T) {
	t.Run("ready and cancelled", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("run", func() {
				if err := Run(x.Context(), func(_ context.Context, g *Group) error {
					stopped := false
					v, err := Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
						ready(7)
						<-ctx.Done()
						explore.Point("stopped")
						stopped = true
						return ctx.Err()
					}, Daemon())
					switch {
					case err == nil && (v != 7 || stopped):
						x.Failf("%v, stopped %v", v, stopped)
					case err != nil && (ctx.Err() == nil || v != 0):
						x.Failf("%v, %v", v, err)
					case err != nil && !errors.Is(err, context.Canceled):
						x.Failf("%v", err)
					}
					return nil
				}); err != nil {
					x.Failf("%v", err)
				}
			})
		})
	})
	t.Run("ready and failed", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			x.Go("run", func() {
				var served error
				v := 0
				err := Run(x.Context(), func(ctx context.Context, g *Group) error {
					v, served = Serve(x.Context(), g, func(_ context.Context, ready func(int)) error {
						go func() {
							explore.Point("about to call ready")
							ready(7)
						}()
						explore.Point("about to fail")
						return errA
					})
					return nil
				})
				told := err == errA && served == nil && v == 7 || err == nil && served == errA && v == 0
				if !told {
					x.Failf("Run says %v, Serve says %d and %v", err, v, served)
				}
			})
		})
	})
}
