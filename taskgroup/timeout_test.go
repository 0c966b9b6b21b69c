package taskgroup_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var cause error
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			for range 5 {
				g.Go(untilCancelled)
			}
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return ctx.Err()
			})
			return nil
		}, taskgroup.Timeout(time.Second), taskgroup.Name("sync"))
		require.Equal(t, &taskgroup.TimeoutError{Name: "sync", Timeout: time.Second}, err, "once")
		require.Same(t, err, cause)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "taskgroup: sync: timeout after 1s")
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestTimeoutThatHasPassed(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second} {
		err := taskgroup.Run(t.Context(), func(context.Context, *group) error {
			t.Error("called")
			return nil
		}, taskgroup.Timeout(d))
		require.Equal(t, &taskgroup.TimeoutError{Timeout: d}, err)
		require.EqualError(t, err, fmt.Sprintf("taskgroup: timeout after %v", d))
	}
}

// A timeout is told also if the tasks wrap what the context says, and next to failures.
func TestTimeoutIsNeverSwallowed(t *testing.T) {
	wrapped := func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("fetch: %w", ctx.Err())
	}
	for text, run := range map[string]func(g *group) []taskgroup.Option{
		"fetch: context deadline exceeded\ntaskgroup: timeout after 2s": func(g *group) []taskgroup.Option {
			g.Go(wrapped)
			return nil
		},
		"boom\ntaskgroup: timeout after 2s": func(g *group) []taskgroup.Option {
			g.Go(after(time.Second, errBoom))
			g.Go(untilCancelled)
			g.Go(wrapped)
			return nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
				run(g)
				return nil
			}, taskgroup.Timeout(2*time.Second), taskgroup.KeepGoing())
			require.EqualError(t, err, text)
			require.ErrorAs(t, err, new(*taskgroup.TimeoutError))
		})
	}
}

// The time of a task runs from when it begins, not while it is queued.
func TestTaskTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var errs [2]error
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(context.Context) error {
				time.Sleep(10 * time.Second)
				return nil
			})
			for i := range errs {
				g.Go(func(ctx context.Context) error {
					<-ctx.Done()
					errs[i] = context.Cause(ctx)
					return ctx.Err()
				}, taskgroup.TaskTimeout(time.Second), taskgroup.TaskName(fmt.Sprint("t", i)))
			}
			return nil
		}, taskgroup.Limit(1), taskgroup.KeepGoing())
		require.EqualError(t, err, "taskgroup: t0: timeout after 1s\ntaskgroup: t1: timeout after 1s")
		require.EqualError(t, errs[1], "taskgroup: t1: timeout after 1s")
		require.Equal(t, 12*time.Second, time.Since(start))

		err = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error { return ctx.Err() }, taskgroup.TaskTimeout(0))
			return nil
		})
		require.Equal(t, &taskgroup.TimeoutError{}, err)
	})
}

// A time that was not up changes nothing of what the function returns.
func TestTimeoutThatIsNotUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []error{nil, errBoom, context.DeadlineExceeded} {
			require.Equal(t, want, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
				g.Go(after(time.Second, want), taskgroup.TaskTimeout(time.Minute))
				return nil
			}, taskgroup.Timeout(time.Minute)))
		}
		// Nor has a task that returned something else in spite of it failed with it.
		require.Equal(t, errBoom, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				return errBoom
			}, taskgroup.TaskTimeout(time.Second))
			return nil
		}))
	})
}

func TestShield(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var atStart, late, nested error
		var value any
		var names []string
		err := taskgroup.Run(context.WithValue(t.Context(), key{}, 7), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				return taskgroup.Shield(ctx, 5*time.Second, func(ctx context.Context) error {
					atStart, value = ctx.Err(), ctx.Value(key{})
					nested = taskgroup.Run(ctx, func(_ context.Context, inner *group) error {
						for _, n := range g.Tree().Children {
							for _, n := range n.Children {
								names = append(names, n.Name)
							}
						}
						inner.Go(after(time.Second, nil))
						return nil
					}, taskgroup.Name("clean up"))
					late = untilCancelled(ctx)
					return late
				})
			})
			time.Sleep(time.Second)
			return errBoom
		})
		require.NoError(t, atStart)
		require.Equal(t, 7, value)
		require.NoError(t, nested)
		require.Equal(t, []string{"clean up"}, names, "it belongs to the task")
		require.Equal(t, context.DeadlineExceeded, late)
		require.EqualError(t, err, "boom\ntaskgroup: timeout after 5s")
		require.Equal(t, 6*time.Second, time.Since(start))
		require.True(t, errors.As(err, new(*taskgroup.TimeoutError)))
	})
	require.PanicsWithValue(t, "taskgroup: Shield for no time", func() { _ = taskgroup.Shield(t.Context(), 0, nothing) })
}
