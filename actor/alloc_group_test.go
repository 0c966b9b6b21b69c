//go:build !race

package actor

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllocationsOfRouters(t *testing.T) {
	type job struct{ customer string }
	for name, route := range map[string]Route[job]{
		"round robin":     RoundRobin[job](),
		"least loaded":    LeastLoaded[job](),
		"consistent hash": ConsistentHash(func(j job) string { return j.customer }),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			s := NewSystem()
			r, err := NewRouter(ctx, s, "", 3, route, handler(func(*Context[job], job) error { return nil }))
			require.NoError(t, err)
			const batch = 300
			telling := testing.AllocsPerRun(50, func() {
				for range batch / 2 {
					_ = r.Tell(ctx, job{"ann"})
					_ = r.TryTell(job{"ben"})
				}
				for _, ref := range *r.routees.Load() {
					for ref.Stats().Waiting > 0 {
						runtime.Gosched()
					}
				}
			})
			require.Less(t, telling/batch, 0.05, "a few goroutines for a batch, at most")
			require.NoError(t, s.Shutdown(ctx))
		})
	}
}

// To ask by way of a router costs what it costs without.
func TestAllocationsOfAsksOfRouters(t *testing.T) {
	ctx := context.Background()
	s := NewSystem()
	r, err := NewRouter(ctx, s, "", 3, RoundRobin[query](), handler(answers))
	require.NoError(t, err)
	require.LessOrEqual(t, testing.AllocsPerRun(500, func() {
		if _, err := AskRouter(ctx, r, func(r Reply[int]) query { return query{r} }); err != nil {
			t.Error(err)
		}
	}), 2.0)
	require.NoError(t, s.Shutdown(ctx))
}

func TestAllocationsOfTopics(t *testing.T) {
	ctx := context.Background()
	s := NewSystem()
	var topic Topic[int]
	ref := spawn(t, s, "", handler(func(*Context[int], int) error { return nil }))
	for range 3 {
		Subscribe(&topic, ref, func(v int) int { return v })
	}
	const batch = 150
	publishing := testing.AllocsPerRun(50, func() {
		for v := range batch / 2 {
			_ = topic.Publish(ctx, v)
			_ = topic.TryPublish(v)
		}
		for ref.Stats().Waiting > 0 {
			runtime.Gosched()
		}
	})
	require.Less(t, publishing/batch, 0.05)
	require.NoError(t, s.Shutdown(ctx))
}
