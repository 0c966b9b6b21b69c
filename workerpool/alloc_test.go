//go:build !race

package workerpool

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// allocations returns what one op allocates, of many of which fn does n.
func allocations(t *testing.T, n int, fn func(n int)) float64 {
	t.Helper()
	fn(n) // the ring and the workers
	allocs := testing.AllocsPerRun(5, func() { fn(n) }) / float64(n)
	t.Log(allocs)
	return allocs
}

// The contexts of sixteen tasks are allocated at once, and nothing else.
func TestAllocationsOfGo(t *testing.T) {
	const n = 8000
	cancellable, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{}, n)
	task := func(context.Context) error { done <- struct{}{}; return nil }
	for name, ctx := range map[string]context.Context{"Background": context.Background(), "cancellable": cancellable} {
		t.Run(name, func(t *testing.T) {
			p := New(4)
			defer p.Close()
			allocs := allocations(t, n, func(n int) {
				for range n {
					_ = p.Go(ctx, task)
				}
				for range n {
					<-done
				}
			})
			require.InDelta(t, 1.0/16, allocs, 0.05)
		})
	}
}

// A future that is there when it is asked for costs itself and what gives it a value.
func TestAllocationsOfSubmit(t *testing.T) {
	p := New(1)
	defer p.Close()
	ctx := context.Background()
	task := func(context.Context) (int, error) { return 1, nil }
	allocs := allocations(t, 4000, func(n int) {
		for range n {
			f, _ := Submit(ctx, p, task)
			for !f.promise.gate.IsOpen() { // without parking
				runtime.Gosched()
			}
			_, _ = f.Wait(ctx)
		}
	})
	require.InDelta(t, 2+1.0/16, allocs, 0.05)
}

// One that parks until the task has ended makes a channel besides.
func TestAllocationsOfAWaitThatParks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(1)
		defer p.Close()
		ctx := context.Background()
		task := func(context.Context) (int, error) { time.Sleep(time.Millisecond); return 1, nil }
		allocs := allocations(t, 1000, func(n int) {
			for range n {
				f, _ := Submit(ctx, p, task)
				_, _ = f.Wait(ctx) // the time passes only when both have parked
			}
		})
		require.InDelta(t, 3+1.0/16, allocs, 0.05)
	})
}
