package taskgroup_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestDaemonsAreCancelledWithTheLastTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var cancelledAt, endedAt [2]time.Duration
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			for i := range cancelledAt {
				g.Go(func(ctx context.Context) error {
					<-ctx.Done()
					cancelledAt[i] = time.Since(start)
					time.Sleep(time.Second)
					endedAt[i] = time.Since(start)
					return fmt.Errorf("daemon: %w", ctx.Err())
				}, taskgroup.Daemon())
			}
			g.Go(after(time.Second, nil))
			g.Go(after(3*time.Second, nil))
			return nil
		}))
		require.Equal(t, [2]time.Duration{3 * time.Second, 3 * time.Second}, cancelledAt)
		require.Equal(t, [2]time.Duration{4 * time.Second, 4 * time.Second}, endedAt)
		require.Equal(t, 4*time.Second, time.Since(start))
	})
}

// The body is what ends last.
func TestDaemonsAreCancelledWithTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(untilCancelled, taskgroup.Daemon())
			g.Go(after(time.Second, nil))
			time.Sleep(2 * time.Second)
			return nil
		}))
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestDaemonThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []error{errBoom, context.Canceled} { // before it is stopped, that is a failure as well
			start := time.Now()
			err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
				g.Go(after(time.Second, want), taskgroup.Daemon())
				g.Go(after(time.Hour, nil))
				return nil
			})
			require.Equal(t, want, err)
			require.Equal(t, time.Second, time.Since(start))
		}
		err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				return errBoom
			}, taskgroup.Daemon())
			return nil
		})
		require.Equal(t, errBoom, err, "while it stops")
	})
}

// A daemon that stops can start tasks: a regular one has all its time, a daemon none.
func TestDaemonStartsTasksWhileItStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var regular, daemon error
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				g.Go(func(ctx context.Context) error {
					regular = after(time.Second, nil)(ctx)
					return regular
				})
				g.Go(func(ctx context.Context) error {
					daemon = ctx.Err()
					return nil
				}, taskgroup.Daemon())
				return ctx.Err()
			}, taskgroup.Daemon())
			return nil
		}))
		require.NoError(t, regular)
		require.Equal(t, context.Canceled, daemon)
		require.Equal(t, time.Second, time.Since(start))
	})
}

// Daemons only: they are cancelled when the body ends. One can have its own result.
func TestDaemonWithAResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var task *taskgroup.Task[int]
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			task = taskgroup.Start(g, func(ctx context.Context) (int, error) { return 7, untilCancelled(ctx) }, taskgroup.Daemon())
			return nil
		}))
		_, err := task.Wait(t.Context())
		require.Equal(t, context.Canceled, err)
		require.Equal(t, taskgroup.Cancelled, task.State())
	})
}
