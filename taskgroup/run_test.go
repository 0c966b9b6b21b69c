package taskgroup_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestMain(m *testing.M) {
	if mode := crashMode(); mode != "" {
		crash(mode)
	}
	goleak.VerifyTestMain(m)
}

type group = taskgroup.Group

var errBoom = errors.New("boom")

func nothing(context.Context) error { return nil }

func untilCancelled(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// after returns a function that returns err after d, or ctx.Err() if ctx ends before.
func after(d time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// recovered returns the panic of fn, or nil.
func recovered(fn func()) (value any) {
	defer func() { value = recover() }()
	fn()
	return nil
}

func TestRunWaitsForAllTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ended := 0
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				time.Sleep(time.Second)
				g.Go(func(context.Context) error { // a task of a task
					time.Sleep(time.Second)
					ended++
					return nil
				})
				return nil
			})
			return nil
		}))
		require.Equal(t, 2*time.Second, time.Since(start))
		require.Equal(t, 1, ended)
	})
}

// Tasks run at the same time, however many there are and however long they take.
func TestNoTaskWaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int64
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			for range 100 {
				g.Go(func(context.Context) error {
					running.Add(1)
					time.Sleep(time.Second)
					running.Add(-1)
					return nil
				})
			}
			synctest.Wait()
			require.EqualValues(t, 100, running.Load())
			return nil
		}))
	})
}

func TestGoFromAGrandchildGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := false
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(context.Context) error {
				done := make(chan struct{})
				go func() {
					go func() {
						g.Go(func(context.Context) error {
							time.Sleep(time.Second)
							ran = true
							return nil
						})
						close(done)
					}()
				}()
				<-done
				return nil
			})
			return nil
		}))
		require.True(t, ran)
	})
}

func TestStartingAfterRunPanics(t *testing.T) {
	var g, limited *group
	require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, running *group) error {
		g = running
		return nil
	}))
	require.ErrorIs(t, taskgroup.Run(t.Context(), func(_ context.Context, running *group) error {
		limited = running
		return errBoom
	}, taskgroup.Limit(1)), errBoom)
	for _, g := range []*group{g, limited} {
		for name, start := range map[string]func(){
			"Go":      func() { g.Go(nothing) },
			"options": func() { g.Go(nothing, taskgroup.TaskName("x"), taskgroup.Daemon()) },
			"Start":   func() { taskgroup.Start(g, func(context.Context) (int, error) { return 0, nil }) },
			"Serve": func() {
				_, _ = taskgroup.Serve(t.Context(), g, func(context.Context, func(int)) error { return nil })
			},
		} {
			require.PanicsWithValue(t, "taskgroup: task started after Run returned", start, name)
		}
	}
}

func TestContextEndsWithRun(t *testing.T) {
	var ctx context.Context
	require.NoError(t, taskgroup.Run(t.Context(), func(c context.Context, _ *group) error {
		ctx = c
		return nil
	}))
	require.Equal(t, context.Canceled, ctx.Err())
}

// What a task is given has the values and the deadline of the caller's context.
func TestContextOfATask(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, 7), time.Hour)
	defer cancel()
	want, _ := ctx.Deadline()
	require.NoError(t, taskgroup.Run(ctx, func(_ context.Context, g *group) error {
		for _, opts := range [][]taskgroup.TaskOption{nil, {taskgroup.TaskName("named")}} {
			g.Go(func(ctx context.Context) error {
				deadline, ok := ctx.Deadline()
				if !ok || deadline != want || ctx.Value(key{}) != 7 || ctx.Value("other") != nil {
					return errBoom
				}
				return nil
			}, opts...)
		}
		return nil
	}))
}

// One group after another in bubbles whose clocks begin at the same time, and outside:
// nothing is kept from one to the next.
func TestTwoBubbles(t *testing.T) {
	everything := func(t *testing.T) {
		results, err := taskgroup.Gather(t.Context(), double(1), double(2))
		require.NoError(t, err)
		require.Equal(t, []int{2, 4}, results)
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(untilCancelled, taskgroup.Daemon())
			_, err := taskgroup.Start(g, double(3)).Wait(ctx)
			require.Less(t, g.Tree().Age, time.Minute)
			return err
		}, taskgroup.Limit(2), taskgroup.Timeout(time.Minute)))
	}
	for range 2 {
		synctest.Test(t, everything)
	}
	everything(t)
}

// double returns a function that returns twice n after a millisecond.
func double(n int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		return 2 * n, after(time.Millisecond, nil)(ctx)
	}
}

// With Go and the end of a group at the same time, Go either panics or the task runs.
func TestGoWhileRunReturns(t *testing.T) {
	for range 2000 / slowdown {
		var started, ran atomic.Bool
		var stray chan struct{}
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			stray = make(chan struct{})
			go func() {
				defer close(stray)
				defer func() { _ = recover() }()
				g.Go(func(context.Context) error {
					ran.Store(true)
					return nil
				})
				started.Store(true)
			}()
			return nil
		}))
		ranBefore := ran.Load()
		<-stray
		require.Equal(t, started.Load(), ranBefore)
		require.Equal(t, ranBefore, ran.Load())
	}
}
