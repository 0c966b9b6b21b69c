package taskgroup_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestLimitRefusesNonsense(t *testing.T) {
	for _, n := range []int{0, -1, -1 << 40} {
		require.PanicsWithValue(t, fmt.Sprintf("taskgroup: Limit(%d)", n), func() { taskgroup.Limit(n) })
	}
}

// Go does not block, and the tasks begin in the order in which they were started.
func TestQueuedTasksBeginInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var began []time.Duration
		var order []int
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			for i := range 10 {
				g.Go(func(context.Context) error {
					began = append(began, time.Since(start))
					order = append(order, i)
					time.Sleep(time.Second)
					return nil
				})
			}
			require.Zero(t, time.Since(start))
			return nil
		}, taskgroup.Limit(1)))
		for i := range 10 {
			require.Equal(t, i, order[i])
			require.Equal(t, time.Duration(i)*time.Second, began[i])
		}
	})
}

// log is a list of words that goroutines write one at a time.
type log struct {
	mu    sync.Mutex
	words []string
}

func (l *log) add(word string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.words = append(l.words, word)
}

// says returns a task that adds its name and takes a second.
func (l *log) says(name string) fn {
	return func(context.Context) (int, error) {
		l.add(name)
		time.Sleep(time.Second)
		return 0, nil
	}
}

func (l *log) task(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := l.says(name)(ctx)
		return err
	}
}

// A task that has waited goes on before those that have not begun.
func TestReturningTasksGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				l.add("a")
				child := taskgroup.Start(g, l.says("child"))
				for _, name := range []string{"b", "c"} {
					g.Go(l.task(name))
				}
				_, err := child.Wait(ctx)
				l.add("a again")
				time.Sleep(time.Second)
				return err
			})
			return nil
		}, taskgroup.Limit(1)))
		// b has begun when a learns that the child has ended.
		require.Equal(t, "a child b a again c", strings.Join(l.words, " "))
	})
}

// A nested group under a limit of one completes at any depth, and its own limit holds.
func TestNestedGroupsUnderALimit(t *testing.T) {
	for limit := 1; limit <= 3; limit++ {
		synctest.Test(t, func(t *testing.T) {
			ran := 0
			var mu sync.Mutex
			var nest func(ctx context.Context, depth int) error
			nest = func(ctx context.Context, depth int) error {
				return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
					for range 3 {
						g.Go(func(ctx context.Context) error {
							mu.Lock()
							ran++
							mu.Unlock()
							time.Sleep(time.Second)
							if depth == 0 {
								return nil
							}
							return nest(ctx, depth-1)
						})
					}
					return nil
				}, taskgroup.Limit(limit))
			}
			require.NoError(t, nest(t.Context(), 3))
			require.Equal(t, 3+9+27+81, ran)
		})
	}
}

// The body of a limited group does not count, nor do groups within it.
func TestTheBodyDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(after(time.Second, nil))
			_, err := taskgroup.Gather(ctx, fails(time.Second, nil), fails(time.Second, nil))
			return err
		}, taskgroup.Limit(1)))
		require.Equal(t, time.Second, time.Since(start))
	})
}

// A goroutine of a task waits for a slot when the task ends: the slot that it is then
// given goes to the next task.
func TestTaskEndsWhileItsGoroutineReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			task := taskgroup.Start(g, func(ctx context.Context) (int, error) {
				child := taskgroup.Start(g, l.says("child"))
				g.Go(l.task("b")) // has the slot when the goroutine wants it back
				g.Go(l.task("c"))
				go func() {
					_, _ = child.Wait(context.WithoutCancel(ctx))
					l.add("goroutine")
				}()
				time.Sleep(1500 * time.Millisecond)
				return 7, nil
			})
			time.Sleep(2500 * time.Millisecond)
			require.Equal(t, taskgroup.Succeeded, task.State())
			return nil
		}, taskgroup.Limit(1)))
		synctest.Wait() // for the goroutine, of which Run does not know
		require.ElementsMatch(t, []string{"child", "b", "goroutine", "c"}, l.words)
	})
}

// While one goroutine of a task wants the slot back another one begins to wait: the
// slot goes on to what that one waits for.
func TestTaskWaitsAgainWhileItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			task := taskgroup.Start(g, func(ctx context.Context) (int, error) {
				first := taskgroup.Start(g, fails(time.Second, nil))
				g.Go(after(10*time.Second, nil))
				second := taskgroup.Start(g, fails(10*time.Second, nil))
				var wg sync.WaitGroup
				wg.Go(func() { _, _ = first.Wait(ctx) })
				time.Sleep(2 * time.Second)
				v, err := second.Wait(ctx)
				wg.Wait()
				return v, err
			})
			for at, want := range []taskgroup.State{taskgroup.Waiting, taskgroup.Waiting, taskgroup.Waiting} {
				time.Sleep(time.Duration(1+at) * 3 * time.Second) // at 3, 9 and 18
				require.Equal(t, want, task.State(), at)
			}
			v, err := task.Wait(t.Context())
			require.Equal(t, -1, v)
			return err
		}, taskgroup.Limit(1)))
	})
}

// A goroutine of a task need not wait for a slot as long as another one of it waits.
func TestTheLastGoroutineTakesTheSlotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				first := taskgroup.Start(g, fails(time.Second, nil))
				g.Go(after(10*time.Second, nil))
				second := taskgroup.Start(g, fails(time.Second, nil))
				var back [2]time.Duration
				var wg sync.WaitGroup
				for i, task := range []*taskgroup.Task[int]{first, second} {
					wg.Go(func() {
						_, _ = task.Wait(ctx)
						back[i] = time.Since(start)
					})
				}
				wg.Wait()
				if back != [2]time.Duration{time.Second, 12 * time.Second} {
					t.Error(back)
				}
				return nil
			})
			return nil
		}, taskgroup.Limit(1)))
	})
}

// To wait for what has ended gives up nothing: no other task gets in between.
func TestWaitForAnEndedTaskKeepsTheSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			ended := taskgroup.Start(g, l.says("first"))
			g.Go(func(ctx context.Context) error {
				l.add("second")
				g.Go(l.task("third"))
				_, err := ended.Wait(ctx)
				l.add("still second")
				return err
			})
			return nil
		}, taskgroup.Limit(1)))
		require.Equal(t, "first second still second third", strings.Join(l.words, " "))
	})
}
