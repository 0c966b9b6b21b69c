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

func TestCancelFromOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := taskgroup.Run(ctx, func(_ context.Context, g *group) error {
			g.Go(untilCancelled)
			g.Go(untilCancelled)
			return nil
		})
		require.Equal(t, context.Canceled, err)

		called := false
		err = taskgroup.Run(ctx, func(context.Context, *group) error {
			called = true
			return nil
		})
		require.Equal(t, context.Canceled, err)
		require.False(t, called)
	})
}

// Whatever comes first, the failure and the cancel from outside are both reported.
func TestCancelFromOutsideIsNeverSwallowed(t *testing.T) {
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		for _, failsAt := range []time.Duration{1, 2, 3} { // the context ends at 2
			for _, opts := range [][]taskgroup.Option{nil, {taskgroup.KeepGoing()}, {taskgroup.Limit(5)}} {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					if end == context.DeadlineExceeded {
						ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
					} else {
						time.AfterFunc(2*time.Second, cancel)
					}
					defer cancel()
					err := taskgroup.Run(ctx, func(_ context.Context, g *group) error {
						for range 3 {
							g.Go(func(ctx context.Context) error {
								<-ctx.Done()
								time.Sleep(5 * time.Second) // so that the end from outside comes before that of Run
								return ctx.Err()
							})
						}
						g.Go(func(context.Context) error {
							time.Sleep(failsAt * time.Second)
							return errBoom
						})
						return nil
					}, opts...)
					require.ErrorIs(t, err, errBoom)
					require.ErrorIs(t, err, end)
					require.Len(t, err.(interface{ Unwrap() []error }).Unwrap(), 2, "no error twice")
				})
			}
		}
	}
}

func TestCancelFromOutsideWhileFailing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := taskgroup.Run(ctx, func(_ context.Context, g *group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			cancel()
			return ctx.Err()
		})
		return errBoom
	})
	require.EqualError(t, err, "boom\ncontext canceled")
}

// The caller's deadline is reported once, and is no TimeoutError.
func TestDeadlineFromOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := taskgroup.Run(ctx, func(_ context.Context, g *group) error {
			for i := range 5 {
				g.Go(func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				}, taskgroup.TaskName(fmt.Sprint(i)), taskgroup.TaskTimeout(time.Minute))
			}
			return nil
		}, taskgroup.Timeout(time.Minute))
		require.Equal(t, context.DeadlineExceeded, err)
	})
}

func TestTaskAddedWhileCancelledRunsWithAnEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got error
		ended := false
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				g.Go(func(ctx context.Context) error {
					got = ctx.Err()
					time.Sleep(time.Second)
					ended = true
					return nil
				})
				return nil
			})
			return errBoom
		}, taskgroup.Limit(1))
		require.Equal(t, errBoom, err)
		require.Equal(t, context.Canceled, got)
		require.True(t, ended)
	})
}

// Tasks that queue when the group is cancelled are called all the same.
func TestQueuedTasksOfACancelledGroupAreCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		called := 0
		err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(after(time.Second, errBoom))
			for range 5 {
				g.Go(func(ctx context.Context) error {
					called++
					return ctx.Err()
				})
			}
			return nil
		}, taskgroup.Limit(1))
		require.Equal(t, errBoom, err)
		require.Equal(t, 5, called)
	})
}

// The cause that the caller gives is what tasks see.
func TestCauseFromOutside(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var cause error
	err := taskgroup.Run(ctx, func(ctx context.Context, g *group) error {
		cancel(errBoom)
		<-ctx.Done()
		cause = context.Cause(ctx)
		return errors.New("other")
	})
	require.EqualError(t, err, "other\ncontext canceled")
	require.Equal(t, errBoom, cause)
}
