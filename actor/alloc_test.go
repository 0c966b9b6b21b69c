//go:build !race

package actor

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// query is an ask's message without a closure of its own.
type query struct{ reply Reply[int] }

func answers(_ *Context[query], q query) error { q.reply.Send(1); return nil }

func TestAllocations(t *testing.T) {
	for name, opts := range map[string][]Option{
		"unbounded": nil, "block": {Mailbox(1000, Block)}, "reject": {Mailbox(1000, Reject)}, "drop": {Mailbox(1000, DropOldest)},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSystem()
			ctx := context.Background()
			ref := spawn(t, s, "", handler(answers), opts...)
			settle := func() {
				for ref.Stats().Waiting > 0 {
					runtime.Gosched()
				}
			}
			const batch = 500
			telling := testing.AllocsPerRun(50, func() {
				for range batch / 2 {
					_ = ref.Tell(ctx, query{})
					_ = ref.TryTell(query{})
				}
				settle()
			})
			require.Less(t, telling/batch, 0.01, "a goroutine for a batch, at most")
			asking := testing.AllocsPerRun(500, func() {
				if _, err := Ask(ctx, ref, func(r Reply[int]) query { return query{r} }); err != nil {
					t.Error(err)
				}
			})
			require.LessOrEqual(t, asking, 2.0)
			require.NoError(t, s.Shutdown(ctx))
		})
	}
}

// A reply, also one that comes late, costs nothing.
func TestRepliesDoNotAllocate(t *testing.T) {
	s := NewSystem()
	var kept Reply[int]
	ref := spawn(t, s, "", performer)
	_, err := Ask(t.Context(), ref, func(r Reply[int]) act {
		kept = r
		return func(*Context[act]) error { r.Send(1); return nil }
	})
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		kept.Send(2)
		Reply[int]{}.Send(3)
	}))
	require.NoError(t, s.Shutdown(t.Context()))
}

func TestMemoryOfAnIdleActor(t *testing.T) {
	const actors = 100_000
	s := NewSystem()
	before := heapBytes()
	factory := handler(answers)
	for range actors {
		_, _ = Spawn(s, "", factory)
	}
	bytes := float64(heapBytes()-before) / actors
	t.Log(bytes, "bytes")
	require.LessOrEqual(t, bytes, 255.0)
	require.Equal(t, SystemStats{actors, actors}, s.Stats())
	goroutines := runtime.NumGoroutine()
	require.Less(t, goroutines, 20)
	require.NoError(t, s.Shutdown(context.Background()))
}
