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

func TestTaskThroughItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(after(time.Second, nil))
			task := taskgroup.Start(g, func(ctx context.Context) (int, error) {
				time.Sleep(time.Second)
				return taskgroup.Start(g, func(ctx context.Context) (int, error) { return 7, after(time.Second, nil)(ctx) }).Wait(ctx)
			}, taskgroup.TaskName("seven"))
			done := task.Done()
			require.Equal(t, "seven", task.Name())
			states := ""
			for range 4 {
				synctest.Wait()
				states += task.State().String() + " "
				time.Sleep(time.Second)
			}
			require.Equal(t, "queued running waiting succeeded ", states)
			<-done
			<-task.Done()
			v, err := task.Wait(ctx)
			require.NoError(t, err)
			require.Equal(t, 7, v)
			return nil
		}, taskgroup.Limit(1)))
	})
}

func TestStatesOfEndedTasks(t *testing.T) {
	for want, fn := range map[taskgroup.State]func(context.Context) error{
		taskgroup.Succeeded: nothing,
		taskgroup.Failed:    func(context.Context) error { return errBoom },
		taskgroup.Cancelled: untilCancelled,
	} {
		var task *taskgroup.Task[int]
		_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			task = taskgroup.Start(g, func(ctx context.Context) (int, error) { return 0, fn(ctx) })
			if want == taskgroup.Cancelled {
				task.Cancel()
			}
			return nil
		})
		require.Equal(t, want, task.State(), want)
		task.Cancel()
		require.Equal(t, want, task.State(), "to cancel a task that has ended does nothing")
	}
}

func named(context.Context) (int, error) { return 0, nil }

type receiver struct{}

func (receiver) method(context.Context) (int, error) { return 0, nil }

func TestNames(t *testing.T) {
	require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
		require.Equal(t, "taskgroup_test.named", taskgroup.Start(g, named).Name())
		require.Equal(t, "given", taskgroup.Start(g, named, taskgroup.TaskName("given")).Name())
		require.Equal(t, "taskgroup_test.receiver.method", taskgroup.Start(g, receiver{}.method).Name())
		require.Regexp(t, `^taskgroup_test\.TestNames\.func`, taskgroup.Start(g, func(context.Context) (int, error) { return 0, nil }).Name())
		g.Go(func(ctx context.Context) error {
			if s := fmt.Sprint(ctx); s != "taskgroup.Task(said)" {
				return fmt.Errorf("%s", s)
			}
			return nil
		}, taskgroup.TaskName("said"))
		require.Contains(t, fmt.Sprint(ctx), "TestNames")
		return nil
	}))
}

func TestWaitFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			task := taskgroup.Start(g, double(500))
			ctx, cancel := context.WithTimeout(ctx, time.Microsecond)
			defer cancel()
			_, err := task.Wait(ctx)
			require.Equal(t, context.DeadlineExceeded, err)
			require.Equal(t, taskgroup.Running, task.State(), "the task goes on")
			v, err := task.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1000, v)
			v, err = task.Wait(ctx)
			require.Equal(t, context.DeadlineExceeded, err, "a context that has ended fails, even now")
			require.Zero(t, v)
			return nil
		}))
	})
}

// A failure is the group's, and what Wait returns too.
func TestWaitReturnsTheFailure(t *testing.T) {
	for _, mode := range []taskgroup.PanicMode{taskgroup.AsError, taskgroup.Propagate} {
		var waited error
		var err error
		p := recovered(func() {
			err = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				task := taskgroup.Start(g, func(ctx context.Context) (int, error) { return 1, panicTask(ctx) })
				_, waited = task.Wait(t.Context())
				return nil
			}, taskgroup.OnPanic(mode))
		})
		require.ErrorAs(t, waited, new(*taskgroup.PanicError))
		if mode == taskgroup.AsError {
			require.Equal(t, waited, err)
		} else {
			require.Equal(t, waited, p)
		}
	}
}

func TestCancelOfATaskIsNoFailure(t *testing.T) {
	for _, opts := range [][]taskgroup.Option{nil, {taskgroup.KeepGoing()}, {taskgroup.Limit(1)}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				task := taskgroup.Start(g, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					return 0, fmt.Errorf("task: %w", ctx.Err())
				})
				queued := taskgroup.Start(g, func(ctx context.Context) (int, error) { return 1, ctx.Err() })
				g.Go(after(time.Minute, nil))
				time.Sleep(time.Second)
				task.Cancel()
				queued.Cancel()
				_, err := task.Wait(ctx)
				require.EqualError(t, err, "task: context canceled")
				require.Equal(t, taskgroup.Cancelled, task.State())
				return nil
			}, opts...))
			require.GreaterOrEqual(t, time.Since(start), time.Minute, "the others go on")
		})
	}
}

// What a cancelled task fails with apart from that is a failure.
func TestCancelledTaskFails(t *testing.T) {
	err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
		taskgroup.Start(g, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, errBoom
		}).Cancel()
		return nil
	})
	require.Equal(t, errBoom, err)
}

func TestWaitForItselfPanics(t *testing.T) {
	const text = "taskgroup: task waits for itself"
	for name, wait := range map[string]func(context.Context, *taskgroup.Task[int]) error{
		"itself": func(ctx context.Context, task *taskgroup.Task[int]) error {
			_, err := task.Wait(ctx)
			return err
		},
		"derived": func(ctx context.Context, task *taskgroup.Task[int]) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			_, err := task.Wait(ctx)
			return err
		},
		"enclosing": func(ctx context.Context, task *taskgroup.Task[int]) error {
			return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
				g.Go(func(ctx context.Context) error {
					return taskgroup.Run(ctx, func(ctx context.Context, _ *group) error {
						_, err := task.Wait(ctx)
						return err
					})
				})
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := recovered(func() {
				_ = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
					self := make(chan *taskgroup.Task[int], 1)
					self <- taskgroup.Start(g, func(ctx context.Context) (int, error) { return 0, wait(ctx, <-self) })
					return nil
				})
			})
			require.Equal(t, text, p.(*taskgroup.PanicError).Value)
		})
	}
}
