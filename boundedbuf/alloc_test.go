//go:build !race

package boundedbuf_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/boundedbuf"
)

func TestNoAllocationsWithoutWaiting(t *testing.T) {
	buf := boundedbuf.New[int](4)
	ctx := t.Context()
	batch := make([]int, 2)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		buf.Put(ctx, 1)
		buf.PutAll(ctx, batch)
		buf.Get(ctx)
		if n, err := buf.GetBatch(ctx, batch); n != 2 || err != nil {
			t.Error(n, err)
		}
	}))
}

// A call that parks allocates its waiter and the channel that it parks on.
func TestParkingAllocatesTwice(t *testing.T) {
	const rounds = 5000
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	there, back := boundedbuf.New[int](1), boundedbuf.New[int](1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	turns := func() { // so that the other one parks
		for range 8 {
			runtime.Gosched()
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range rounds {
			_, _ = there.Get(ctx)
			turns()
			_ = back.Put(ctx, 1)
		}
	})
	for range rounds {
		turns()
		_ = there.Put(ctx, 1)
		_, _ = back.Get(ctx)
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	perPark := float64(after.Mallocs-before.Mallocs) / (2 * rounds)
	require.LessOrEqual(t, perPark, 2.1)
	require.Greater(t, perPark, 1.0, "they did not park")
}
