package taskgroup_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"runtime"
	"runtime/trace"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				time.Sleep(time.Second)
				return taskgroup.Run(ctx, func(_ context.Context, inner *group) error {
					inner.Go(after(time.Minute, nil), taskgroup.TaskName("fetch"))
					inner.Go(untilCancelled, taskgroup.TaskName("heart"), taskgroup.Daemon())
					return nil
				}, taskgroup.Name("inner"))
			}, taskgroup.TaskName("outer"))
			g.Go(after(time.Minute, nil), taskgroup.TaskName("sleep"))
			g.Go(nothing, taskgroup.TaskName("queued before fetch"))
			g.Go(untilCancelled, taskgroup.Daemon())
			time.Sleep(500 * time.Millisecond)
			require.Equal(t, `main (running, 500ms)
├── outer (running, 500ms)
├── sleep (running, 500ms)
├── queued before fetch (queued, 500ms)
└── taskgroup_test.untilCancelled (queued, 500ms)
`, g.Tree().String())
			time.Sleep(time.Second)
			require.Equal(t, `main (running, 1.5s)
├── outer (waiting, 1.5s)
│   └── inner (waiting, 500ms)
│       ├── fetch (queued, 500ms)
│       └── heart (queued, 500ms)
├── sleep (running, 1.5s)
└── taskgroup_test.untilCancelled (running, 1.5s)
`, g.Tree().String())
			return nil
		}, taskgroup.Name("main"), taskgroup.Limit(2)))
	})
}

// Without a limit groups have schedulers of their own; what runs in a body comes first,
// and a group that has ended, in whatever order, is no longer there.
func TestTreeOfNestedBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g, failed *group
		require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, running *group) error {
			g = running
			g.Go(after(time.Second, nil), taskgroup.TaskName("task"))
			nested := make(chan struct{})
			for i := range 3 {
				go func() {
					_ = taskgroup.Run(ctx, func(_ context.Context, own *group) error {
						own.Go(after(time.Duration([]int{3, 2, 4}[i])*time.Second, nil), taskgroup.TaskName("leaf"))
						return nil
					}, taskgroup.Name(string(rune('a'+i))))
					nested <- struct{}{}
				}()
				synctest.Wait()
			}
			names := func() (names string) {
				for _, n := range g.Tree().Children {
					names += n.Name + " "
				}
				return names
			}
			require.Equal(t, "c b a task ", names())
			<-nested
			require.Equal(t, "c a ", names(), "at 2 seconds")
			<-nested
			require.Equal(t, "c ", names())
			<-nested
			require.Equal(t, "", names())
			require.EqualError(t, taskgroup.Run(ctx, func(_ context.Context, own *group) error {
				failed = own
				return errBoom
			}), "boom")
			return nil
		}))
		require.Equal(t, taskgroup.Succeeded, g.Tree().State)
		require.Equal(t, taskgroup.Failed, failed.Tree().State)
		require.Regexp(t, `^taskgroup_test\.TestTreeOfNestedBodies\.func.* \(succeeded, 4s\)\n$`, g.Tree().String())
	})
}

// Trees are taken while everything else goes on.
func TestTreeConcurrently(t *testing.T) {
	for seed := range uint64(40 / slowdown) {
		synctest.Test(t, func(t *testing.T) {
			f := &forest{rng: rand.New(rand.NewPCG(seed, 2))}
			f.left.Store(100)
			negative := false
			_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				g.Go(func(ctx context.Context) error {
					for ctx.Err() == nil {
						var look func(n taskgroup.Node)
						look = func(n taskgroup.Node) {
							negative = negative || n.Age < 0 || n.Name == ""
							for _, child := range n.Children {
								look(child)
							}
						}
						look(g.Tree())
						time.Sleep(100 * time.Microsecond)
					}
					return nil
				}, taskgroup.Daemon())
				for range 2 {
					g.Go(func(ctx context.Context) error { return f.run(ctx, []scope{{g, nil}}, nil) })
				}
				return nil
			})
			require.False(t, negative)
			require.False(t, f.exceeded.Load())
		})
	}
}

// A Run appears in the tree whole or not at all.
func TestTreeWhileGroupsComeAndGo(t *testing.T) {
	require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		g.Go(func(ctx context.Context) error {
			for ctx.Err() == nil {
				_ = g.Tree().String()
				runtime.Gosched()
			}
			return nil
		}, taskgroup.Daemon())
		for range 2 {
			g.Go(func(ctx context.Context) error {
				for range 5000 / slowdown {
					if err := taskgroup.Run(ctx, func(_ context.Context, g *group) error {
						g.Go(nothing)
						return nil
					}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	}))
}

func TestStates(t *testing.T) {
	require.Equal(t, "queued", taskgroup.Queued.String())
	require.Equal(t, "cancelled", taskgroup.Cancelled.String())
}

// Groups and tasks appear by their names in a trace.
func TestTrace(t *testing.T) {
	var buf bytes.Buffer
	if err := trace.Start(&buf); err != nil {
		t.Skip("tracing is on already:", err)
	}
	err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
		g.Go(func(ctx context.Context) error { // its nested group belongs to it all the same
			return taskgroup.Run(ctx, func(context.Context, *group) error { return nil }, taskgroup.Name("traced nested"))
		}, taskgroup.TaskName("traced task"))
		g.Go(untilCancelled)
		g.Go(exit)
		return nil
	}, taskgroup.Name("traced group"))
	trace.Stop()
	require.Equal(t, taskgroup.ErrGoexit, err)
	for _, name := range []string{"traced group", "traced task", "taskgroup_test.untilCancelled"} {
		require.True(t, bytes.Contains(buf.Bytes(), []byte(name)), name)
	}
}
