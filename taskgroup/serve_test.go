package taskgroup_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestServeReturnsWhenReady(t *testing.T) {
	for _, opts := range [][]taskgroup.Option{nil, {taskgroup.Limit(1)}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			ended := false
			require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				v, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(string)) error {
					time.Sleep(time.Second)
					ready("address")
					time.Sleep(time.Second)
					ended = true
					return nil
				})
				require.NoError(t, err)
				require.Equal(t, "address", v)
				require.Equal(t, time.Second, time.Since(start))
				return nil
			}, opts...))
			require.True(t, ended)
			require.Equal(t, 2*time.Second, time.Since(start))
		})
	}
}

// How the task ends before it is ready is what Serve returns, and nobody else is told.
func TestServeFailsBeforeReady(t *testing.T) {
	for want, end := range map[error]func(context.Context) error{
		errBoom:                  func(context.Context) error { return errBoom },
		taskgroup.ErrNotReady:    nothing,
		taskgroup.ErrGoexit:      exit,
		context.Canceled:         func(context.Context) error { return context.Canceled },
		context.DeadlineExceeded: func(context.Context) error { return context.DeadlineExceeded },
	} {
		for _, mode := range []taskgroup.PanicMode{taskgroup.Propagate, taskgroup.AsError} {
			synctest.Test(t, func(t *testing.T) {
				siblingEnded := false
				require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
					g.Go(func(ctx context.Context) error {
						siblingEnded = after(time.Minute, nil)(ctx) == nil
						return nil
					})
					v, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
						time.Sleep(time.Second)
						return end(ctx)
					})
					require.Zero(t, v)
					require.Equal(t, want, err)
					return nil
				}, taskgroup.OnPanic(mode)))
				require.True(t, siblingEnded)
			})
		}
	}
}

func TestServePanicsBeforeReady(t *testing.T) {
	var served error
	serve := func(ctx context.Context, g *group) error {
		_, served = taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error { return panicTask(ctx) })
		return nil
	}
	require.NoError(t, taskgroup.Run(t.Context(), serve, taskgroup.OnPanic(taskgroup.AsError)))
	require.ErrorIs(t, served, errBoom)
	require.ErrorAs(t, served, new(*taskgroup.PanicError))

	served = nil
	p := recovered(func() { _ = taskgroup.Run(t.Context(), serve) })
	require.Equal(t, errBoom, p.(*taskgroup.PanicError).Value)
	if !errors.Is(served, context.Canceled) { // by the panic, before Serve saw the end of the task
		require.ErrorIs(t, served, errBoom)
	}
}

// The starter's context ends: the task is cancelled and awaited, and the group goes on.
func TestServeIsCancelledBeforeReady(t *testing.T) {
	for _, own := range []error{nil, context.Canceled, io.ErrShortWrite} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				v, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
					<-ctx.Done()
					time.Sleep(time.Second)
					if own == context.Canceled {
						return ctx.Err()
					}
					return own
				})
				require.Zero(t, v)
				require.Equal(t, 2*time.Second, time.Since(start), "Serve waits for the task")
				if own == io.ErrShortWrite {
					require.EqualError(t, err, "context deadline exceeded\nshort write")
				} else {
					require.Equal(t, context.DeadlineExceeded, err)
				}
				return nil
			}))
		})
	}
}

// ready comes when Serve has given up: the task is cancelled all the same, and what it
// fails with is a failure of the group.
func TestServeIsReadyTooLate(t *testing.T) {
	for _, own := range []error{nil, context.Canceled, io.ErrShortWrite} {
		synctest.Test(t, func(t *testing.T) {
			err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				v, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
					<-ctx.Done()
					ready(7)
					return own
				})
				require.Zero(t, v)
				require.Equal(t, context.DeadlineExceeded, err)
				return nil
			})
			if own == io.ErrShortWrite {
				require.Equal(t, own, err)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestServeWithAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		_, err := taskgroup.Serve(ctx, g, func(context.Context, func(int)) error {
			t.Error("called")
			return nil
		})
		require.Equal(t, context.Canceled, err)
		return nil
	}))
}

func TestServeFailsLater(t *testing.T) {
	for _, end := range []func(context.Context) error{exit, func(context.Context) error { return errBoom }} {
		synctest.Test(t, func(t *testing.T) {
			err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				g.Go(untilCancelled)
				_, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
					ready(1)
					time.Sleep(time.Second)
					return end(ctx)
				})
				return err
			})
			require.Contains(t, []error{errBoom, taskgroup.ErrGoexit}, err)
		})
	}
}

func TestReadyTwicePanics(t *testing.T) {
	var v int
	p := recovered(func() {
		_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) (err error) {
			v, _ = taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
				ready(1)
				<-ctx.Done() // until the body has what it waits for
				ready(2)
				return nil
			})
			return errBoom
		})
	}).(*taskgroup.PanicError)
	require.Equal(t, "taskgroup: ready called twice", p.Value)
	require.Equal(t, []error{errBoom}, p.Others)
	require.Equal(t, 1, v)
}

// Two that serve each other's tasks under Limit(1): who waits does not count.
func TestServeInALimitedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			for range 2 {
				g.Go(func(ctx context.Context) error {
					_, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
						ready(1)
						return nil
					})
					return err
				})
			}
			return nil
		}, taskgroup.Limit(1)))
	})
}

// ready and the end of the starter's context at the same time are decided one way.
func TestServeReadyAndCancelledAtOnce(t *testing.T) {
	for range 500 / slowdown {
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := false
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			go cancel()
			v, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(int)) error {
				ready(7)
				<-ctx.Done()
				cancelled = true
				return ctx.Err()
			}, taskgroup.Daemon())
			if err == nil {
				require.Equal(t, 7, v)
				require.False(t, cancelled)
			} else {
				require.Equal(t, context.Canceled, err)
				require.Zero(t, v)
			}
			return nil
		}))
	}
}
