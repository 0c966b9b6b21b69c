//go:build explore

package taskgroup

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

var (
	errA = errors.New("a")
	errB = errors.New("b")
)

func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func TestExplore(t *testing.T) {
	// The failure that Run reports first is the cause of the context's end, however
	// the ends of two failing tasks and of one that only obeys interleave.
	t.Run("failing", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
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
				switch errs := parts(err); {
				case ended != 3:
					x.Failf("Run returned after %d of 3 tasks", ended)
				case len(errs) != 2:
					x.Failf("not both failures: %v", err)
				case errs[0] != cause:
					x.Failf("cause %v, but Run says %v", cause, err)
				}
			})
		})
	})
	// A goroutine that Run does not know of starts a task while Run returns: it panics,
	// or Run waits for the task.
	t.Run("started at the end", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			var g *Group
			running := make(chan struct{})
			started, ran := false, false
			x.Go("run", func() {
				if err := Run(x.Context(), func(_ context.Context, r *Group) error {
					g = r
					close(running)
					g.Go(func(context.Context) error { return nil })
					return nil
				}); err != nil {
					x.Failf("%v", err)
				}
				before := ran
				explore.Point("returned")
				if ran != before {
					x.Failf("a task ran after Run had returned")
				}
			})
			x.Go("stray", func() {
				<-running
				defer func() { _ = recover() }()
				g.Go(func(context.Context) error {
					explore.Point("stray task")
					ran = true
					return nil
				})
				started = true
			})
			x.Finally(func() error {
				if started != ran {
					return fmt.Errorf("started %v, ran %v", started, ran)
				}
				return nil
			})
		})
	})
	// One task waits for what another one does that is started after it: no task is left
	// without a runner because a runner is on its way to another one, or is about to end.
	t.Run("every task has a runner", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			x.Go("run", func() {
				first, second := make(chan struct{}), make(chan struct{})
				_ = Run(x.Context(), func(_ context.Context, g *Group) error {
					g.Go(func(context.Context) error { return nil })
					g.Go(func(ctx context.Context) error {
						wait(ctx, first)
						explore.Point("first is there")
						return nil
					})
					g.Go(func(ctx context.Context) error {
						g.Go(func(context.Context) error {
							close(first)
							return nil
						})
						wait(ctx, second)
						explore.Point("second is there")
						return nil
					})
					close(second)
					return nil
				})
				select {
				case <-first:
				default:
					x.Failf("Run has returned, but a task has not run")
				}
			})
		})
	})
	t.Run("limit", exploreLimit)
	t.Run("serve", exploreServe)
	// Daemons are stopped once, at the end of the last task, and the group waits for what
	// they start then.
	t.Run("daemons", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			x.Go("run", func() {
				regular, ran := 0, 0
				if err := Run(x.Context(), func(_ context.Context, g *Group) error {
					regular = 1
					g.Go(func(ctx context.Context) error {
						<-ctx.Done()
						explore.Point("stopped")
						if regular != 0 && x.Context().Err() == nil {
							x.Failf("stopped while a task runs")
						}
						g.Go(func(context.Context) error {
							ran++
							return nil
						})
						return ctx.Err()
					}, Daemon())
					g.Go(func(context.Context) error {
						explore.Point("regular")
						regular--
						return nil
					})
					return nil
				}); err != nil || ran != 1 {
					x.Failf("%v, %d", err, ran)
				}
			})
		})
	})
	// A quorum that cannot be had: the failure that decides it comes first.
	t.Run("quorum", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			x.Go("run", func() {
				_, err := Quorum(x.Context(), 2, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					explore.Point("obeys")
					return 0, ctx.Err()
				}, func(ctx context.Context) (int, error) { return 0, errA })
				if err != errA {
					x.Failf("%v", err)
				}
			})
		})
	})
	exploreHandles(t)
	explore.RequireCovered(t, ".")
}

// wait waits until done is closed or ctx has ended.
func wait(ctx context.Context, done <-chan struct{}) {
	select {
	case <-done:
	case <-ctx.Done():
	}
}
