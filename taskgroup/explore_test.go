//go:build explore

package taskgroup

import (
	"context"
	"errors"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// The failure that Run reports first is the cause of the context's end, however
// the ends of two failing tasks and of one that only obeys interleave.
func TestExplore(t *testing.T) {
	explore.Check(t, explore.Config{}, func(x *explore.Exec) {
		errA, errB := errors.New("a"), errors.New("b")
		x.Go("run", func() {
			ended := 0
			var cause error
			err := Run(x.Context(), func(ctx context.Context, g *Group) error {
				for _, failure := range []error{errA, errB} {
					g.Go(func(context.Context) error {
						explore.Point("failing")
						ended++
						return failure
					})
				}
				g.Go(func(ctx context.Context) error {
					<-ctx.Done()
					explore.Point("cancelled")
					cause = context.Cause(ctx)
					ended++
					return ctx.Err()
				})
				return nil
			})
			joined, ok := err.(interface{ Unwrap() []error })
			switch {
			case ended != 3:
				x.Failf("Run returned after %d of 3 tasks", ended)
			case !ok || len(joined.Unwrap()) != 2:
				x.Failf("not both failures: %v", err)
			case joined.Unwrap()[0] != cause:
				x.Failf("cause %v, but Run says %v", cause, err)
			}
		})
	})
	explore.RequireCovered(t, ".")
}
