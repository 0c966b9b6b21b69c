package taskgroup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type group = taskgroup.Group

var errBoom = errors.New("boom")

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

func untilCancelled(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestFirstFailureCancelsAndComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause atomic.Value
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			for range 3 {
				g.Go(untilCancelled)
			}
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				cause.Store(context.Cause(ctx))
				return fmt.Errorf("clean up: %w", io.ErrShortWrite)
			})
			g.Go(func(context.Context) error {
				time.Sleep(time.Second)
				return errBoom
			})
			<-ctx.Done()
			return fmt.Errorf("body: %w", ctx.Err()) // does not mask the root, nor is it noise
		})
		require.EqualError(t, err, "boom\nclean up: short write")
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, io.ErrShortWrite)
		require.NotErrorIs(t, err, context.Canceled)
		require.Equal(t, errBoom, cause.Load())
	})
}

// An error that joins a cancel with anything else is kept.
func TestOnlyPureCancelsAreLeftOut(t *testing.T) {
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		for _, other := range []error{nil, context.Canceled, io.ErrNoProgress} {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				return errors.Join(ctx.Err(), other)
			})
		}
		return errBoom
	})
	require.EqualError(t, err, "boom\ncontext canceled\nmultiple Read calls return no data or error")
}

func TestOneFailureComesBackAsItIs(t *testing.T) {
	require.Equal(t, errBoom, taskgroup.Run(t.Context(), func(context.Context, *group) error { return errBoom }))
}

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

// The group's own cancel does not swallow one from outside.
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
	require.ErrorIs(t, err, errBoom)
	require.ErrorIs(t, err, context.Canceled)
}

func TestTaskAddedWhileCancelledRunsWithAnEndedContext(t *testing.T) {
	var got error
	err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			g.Go(func(ctx context.Context) error {
				got = ctx.Err()
				return nil
			})
			return nil
		})
		return errBoom
	})
	require.Equal(t, errBoom, err)
	require.Equal(t, context.Canceled, got)
}

func panicTask(context.Context) error { panic(errBoom) }

func TestPanicOfATaskPanicsInTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		siblingEnded := false
		defer func() {
			p, ok := recover().(*taskgroup.PanicError)
			require.True(t, ok)
			require.Equal(t, errBoom, p.Value)
			require.ErrorIs(t, p, errBoom)
			require.Contains(t, string(p.Stack), "panicTask")
			require.True(t, strings.HasPrefix(p.Error(), "panic: boom\n\ngoroutine "))
			require.True(t, siblingEnded, "siblings are cancelled and awaited first")
		}()
		taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				siblingEnded = true
				return nil
			})
			g.Go(panicTask)
			return nil
		})
		t.Error("Run returned")
	})
}

func TestPanicOfTheBodyCancelsAndWaits(t *testing.T) {
	ended := false
	defer func() {
		require.Equal(t, "body", recover().(*taskgroup.PanicError).Value)
		require.True(t, ended)
	}()
	taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			ended = true
			return nil
		})
		panic("body")
	})
}

// A panic keeps the stack of where it began through nested groups; a
// *PanicError that a task returns is an error like any other.
func TestPanicThroughNestedGroups(t *testing.T) {
	var inner *taskgroup.PanicError
	func() {
		defer func() { inner = recover().(*taskgroup.PanicError) }()
		taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
					g.Go(panicTask)
					return nil
				})
			})
			return nil
		})
	}()
	require.Contains(t, string(inner.Stack), "panicTask")
	require.Equal(t, error(inner), taskgroup.Run(t.Context(), func(context.Context, *group) error { return inner }))
}

func TestGoexitOfATaskIsAFailure(t *testing.T) {
	siblingCancelled := false
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			siblingCancelled = true
			return nil
		})
		g.Go(func(context.Context) error {
			runtime.Goexit()
			return nil
		})
		return nil
	})
	require.Equal(t, taskgroup.ErrGoexit, err)
	require.True(t, siblingCancelled)
}

func TestGoexitOfTheBodyCancelsAndWaits(t *testing.T) {
	var taskEnded, returned bool
	var wg sync.WaitGroup
	wg.Go(func() {
		taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				taskEnded = true
				return nil
			})
			runtime.Goexit()
			return nil
		})
		returned = true
	})
	wg.Wait()
	require.True(t, taskEnded)
	require.False(t, returned)
}

func TestGoAfterRunPanics(t *testing.T) {
	var g *group
	require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, running *group) error {
		g = running
		return nil
	}))
	require.PanicsWithValue(t, "taskgroup: Go called after Run returned", func() {
		g.Go(func(context.Context) error { return nil })
	})
}

func TestContextEndsWithRun(t *testing.T) {
	var ctx context.Context
	require.NoError(t, taskgroup.Run(t.Context(), func(c context.Context, _ *group) error {
		ctx = c
		return nil
	}))
	require.Error(t, ctx.Err())
}

// FuzzModel runs a tree of tasks that succeed, fail, panic or exit at known
// times, and compares the outcome with what those times say.
func FuzzModel(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3})
	f.Add([]byte{0x12, 0x05, 0x33, 0x41, 0x0f, 0x21, 0x7c})
	f.Fuzz(func(t *testing.T, tasks []byte) {
		tasks = tasks[:min(len(tasks), 50)]
		synctest.Test(t, func(t *testing.T) {
			var ran atomic.Int64
			first := -1 // the task that fails first: they all end at different times
			at := func(i int) time.Duration { return time.Duration(int(tasks[i]>>2)*100+i) * time.Millisecond }
			for i := range tasks {
				if tasks[i]&3 != 0 && (first < 0 || at(i) < at(first)) {
					first = i
				}
			}
			var err error
			var panicked any
			func() {
				defer func() { panicked = recover() }()
				err = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
					var start func(i int)
					start = func(i int) {
						if i == len(tasks) {
							return
						}
						g.Go(func(ctx context.Context) error {
							defer ran.Add(1)
							start(i + 1) // each task is started by the one before it
							select {
							case <-time.After(at(i)):
							case <-ctx.Done():
								return ctx.Err()
							}
							switch tasks[i] & 3 {
							case 1:
								return fmt.Errorf("task %d", i)
							case 2:
								panic(i)
							case 3:
								runtime.Goexit()
							}
							return nil
						})
					}
					start(0)
					return nil
				})
			}()
			require.EqualValues(t, len(tasks), ran.Load())
			switch {
			case first < 0:
				require.NoError(t, err)
			case tasks[first]&3 == 1:
				require.EqualError(t, err, fmt.Sprintf("task %d", first))
			case tasks[first]&3 == 2:
				require.Equal(t, first, panicked.(*taskgroup.PanicError).Value)
			default:
				require.Equal(t, taskgroup.ErrGoexit, err)
			}
		})
	})
}

func ExampleRun() {
	var mu sync.Mutex
	var sizes []int
	err := taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		for _, name := range []string{"a", "bb", "ccc"} {
			g.Go(func(ctx context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				sizes = append(sizes, len(name))
				return nil
			})
		}
		return nil
	})
	slices.Sort(sizes)
	fmt.Println(sizes, err)
	// Output: [1 2 3] <nil>
}

func ExampleGroup_Go() {
	err := taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done() // until the sibling fails
			fmt.Println("cancelled:", context.Cause(ctx))
			return ctx.Err()
		})
		g.Go(func(context.Context) error { return errors.New("disk full") })
		return nil
	})
	fmt.Println("failed:", err)
	// Output:
	// cancelled: disk full
	// failed: disk full
}

func ExamplePanicError() {
	defer func() {
		if p, ok := recover().(*taskgroup.PanicError); ok {
			fmt.Println("a task panicked:", p.Value)
		}
	}()
	taskgroup.Run(context.Background(), func(_ context.Context, g *taskgroup.Group) error {
		g.Go(func(context.Context) error { panic("index out of range") })
		return nil
	})
	// Output: a task panicked: index out of range
}
