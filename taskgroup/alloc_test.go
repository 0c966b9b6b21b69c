//go:build !race

package taskgroup_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

// What ten tasks need besides their functions: the group, its context, and tasks that
// are allocated eight at a time.
func TestAllocationsOfTenTasks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	allocs := testing.AllocsPerRun(200, func() {
		_ = taskgroup.Run(ctx, func(_ context.Context, g *group) error {
			for range 10 {
				g.Go(nothing)
			}
			return nil
		})
	})
	t.Log(allocs)
	require.LessOrEqual(t, allocs, 6.0)
}

// In a group that goes on, eight tasks are allocated at a time.
func TestAllocationsOfALimitedTask(t *testing.T) {
	const n = 8000
	require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		done := make(chan struct{})
		task := func(context.Context) error {
			done <- struct{}{}
			return nil
		}
		round := func() {
			for range n {
				g.Go(task)
			}
			for range n {
				<-done
			}
		}
		allocs := testing.AllocsPerRun(3, round) / n
		t.Log(allocs)
		require.InDelta(t, 1.0/8, allocs, 0.02)
		return nil
	}, taskgroup.Limit(8)))
}
