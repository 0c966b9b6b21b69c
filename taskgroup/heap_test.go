package taskgroup_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A task that is kept does not keep its function.
func TestFunctionsAreForgotten(t *testing.T) {
	require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
		big := new([1 << 20]byte)
		dropped := make(chan struct{})
		runtime.AddCleanup(big, func(done chan struct{}) { close(done) }, dropped)
		task := taskgroup.Start(g, func(context.Context) (int, error) { return int(big[0]), nil })
		_, err := task.Wait(ctx)
		runtime.GC()
		<-dropped
		require.Equal(t, taskgroup.Succeeded, task.State())
		return err
	}))
}

// Tasks that have ended leave nothing in a group that lives on.
func TestFinishedTasksAreForgotten(t *testing.T) {
	const n = 1_000_000 / slowdown
	for name, start := range map[string]func(g *group){
		"Go":     func(g *group) { g.Go(nothing) },
		"named":  func(g *group) { g.Go(nothing, taskgroup.TaskName("x")) },
		"Start":  func(g *group) { taskgroup.Start(g, named) },
		"daemon": func(g *group) { g.Go(nothing, taskgroup.Daemon()) },
		"timed":  func(g *group) { g.Go(nothing, taskgroup.TaskTimeout(1<<40)) },
		"Run": func(g *group) {
			g.Go(func(ctx context.Context) error {
				return taskgroup.Run(ctx, func(context.Context, *group) error { return nil })
			})
		},
	} {
		for limited, opts := range map[string][]taskgroup.Option{"": nil, " limited": {taskgroup.Limit(4)}} {
			t.Run(name+limited, func(t *testing.T) {
				n := n
				if name != "Go" {
					n /= 10
				}
				require.NoError(t, taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
					batch := func() {
						for range 100 {
							start(g)
						}
						for len(g.Tree().Children) > 0 { // so that they do not pile up
							runtime.Gosched()
						}
					}
					batch()
					before := heapInUse()
					for range n / 100 {
						batch()
					}
					require.Less(t, heapInUse()-before, int64(100_000))
					return nil
				}, opts...))
			})
		}
	}
}
