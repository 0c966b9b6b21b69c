package taskgroup_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func exit(context.Context) error {
	runtime.Goexit()
	return nil
}

func TestGoexitOfATaskIsAFailure(t *testing.T) {
	siblingCancelled := false
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			siblingCancelled = context.Cause(ctx) == taskgroup.ErrGoexit
			return nil
		})
		g.Go(exit)
		return nil
	})
	require.Equal(t, taskgroup.ErrGoexit, err)
	require.True(t, siblingCancelled)
}

func TestFailNowOfATaskIsAFailure(t *testing.T) {
	failing := new(testing.T) // nobody's: this test does not fail with it
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		g.Go(func(context.Context) error {
			failing.FailNow()
			return nil
		})
		return nil
	})
	require.Equal(t, taskgroup.ErrGoexit, err)
	require.True(t, failing.Failed())
}

// The slot of a task that exits is free for the next.
func TestGoexitFreesTheSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := 0
		err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			for range 3 {
				g.Go(exit)
				g.Go(func(context.Context) error {
					ran++
					return nil
				})
			}
			return nil
		}, taskgroup.Limit(1), taskgroup.KeepGoing())
		require.Len(t, err.(interface{ Unwrap() []error }).Unwrap(), 3)
		require.Equal(t, 3, ran)
	})
}

func TestGoexitOfAStartedTask(t *testing.T) {
	var exited error
	var state taskgroup.State
	err := taskgroup.Run(t.Context(), func(context.Context, *group) error { return nil })
	require.NoError(t, err)
	err = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		task := taskgroup.Start(g, func(context.Context) (int, error) {
			runtime.Goexit()
			return 1, nil
		})
		_, exited = task.Wait(t.Context())
		state = task.State()
		return nil
	})
	require.Equal(t, taskgroup.ErrGoexit, err)
	require.Equal(t, taskgroup.ErrGoexit, exited)
	require.Equal(t, taskgroup.Failed, state)
}

func TestGoexitOfTheBodyCancelsAndWaits(t *testing.T) {
	for _, opts := range [][]taskgroup.Option{nil, {taskgroup.KeepGoing()}, {taskgroup.Limit(1)}} {
		synctest.Test(t, func(t *testing.T) {
			var taskEnded, returned bool
			var cause error
			var wg sync.WaitGroup
			wg.Go(func() {
				_ = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
					g.Go(func(ctx context.Context) error {
						<-ctx.Done()
						cause = context.Cause(ctx)
						time.Sleep(time.Second)
						taskEnded = true
						return nil
					})
					synctest.Wait()
					runtime.Goexit()
					return nil
				}, opts...)
				returned = true
			})
			wg.Wait()
			require.True(t, taskEnded)
			require.Equal(t, taskgroup.ErrGoexit, cause)
			require.False(t, returned)
		})
	}
}

// A body that exits takes the task it runs in with it.
func TestGoexitOfANestedBody(t *testing.T) {
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		g.Go(func(ctx context.Context) error {
			return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
				g.Go(untilCancelled)
				runtime.Goexit()
				return nil
			})
		})
		return nil
	}, taskgroup.Limit(1))
	require.Equal(t, taskgroup.ErrGoexit, err)
}

// Run does not return normally if a task panicked while another one exited, whichever
// came first.
func TestGoexitNextToAPanic(t *testing.T) {
	for _, exitAt := range []time.Duration{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			p := recovered(func() {
				_ = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
					g.Go(func(ctx context.Context) error {
						time.Sleep(exitAt * time.Second)
						return exit(ctx)
					})
					g.Go(func(context.Context) error {
						time.Sleep(2 * time.Second)
						panic(errBoom)
					})
					return nil
				})
				t.Error("Run returned")
			}).(*taskgroup.PanicError)
			require.Equal(t, errBoom, p.Value)
			require.Equal(t, []error{taskgroup.ErrGoexit}, p.Others)
		})
	}
}

// A panic of a task comes out of a Run whose body exits: it is not lost.
func TestPanicWhileTheBodyExits(t *testing.T) {
	var p any
	returned := false
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { p = recover() }()
		_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(panicTask)
			return exit(ctx)
		})
		returned = true
	})
	wg.Wait()
	require.Equal(t, errBoom, p.(*taskgroup.PanicError).Value)
	require.False(t, returned)
}

// A deferred function that panics while the task exits does not end the exit: to
// recover the panic does not bring the task back.
func TestPanicWhileExiting(t *testing.T) {
	exitAndPanic := func(context.Context) error {
		defer panic(errBoom)
		runtime.Goexit()
		return nil
	}
	for _, inBody := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ran := false
			var p any
			var wg sync.WaitGroup
			wg.Go(func() {
				defer func() { p = recover() }()
				_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
					if !inBody {
						g.Go(exitAndPanic)
					}
					g.Go(func(context.Context) error {
						ran = true
						return nil
					})
					if inBody {
						return exitAndPanic(ctx)
					}
					return nil
				}, taskgroup.Limit(1))
			})
			wg.Wait()
			require.True(t, ran)
			require.Equal(t, errBoom, p.(*taskgroup.PanicError).Value)
		})
	}
}
