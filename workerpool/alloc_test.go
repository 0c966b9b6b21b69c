//go:build !race

package workerpool

import (
	"context"
	"runtime"
	"slices"
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

// The contexts of 32 tasks are allocated at once, and what eight submitters' contexts have
// in common, and nothing else.
func TestAllocationsOfGo(t *testing.T) {
	const n = 8000
	cancellable, cancel := context.WithCancel(t.Context())
	defer cancel()
	of := func(ctx context.Context) []context.Context { return slices.Repeat([]context.Context{ctx}, n) }
	each := make([]context.Context, n)
	for i := range each {
		each[i] = context.WithValue(context.Background(), ctxKey("i"), i)
	}
	done := make(chan struct{}, n)
	task := func(context.Context) error { done <- struct{}{}; return nil }
	for _, test := range []struct {
		name     string
		contexts []context.Context
		want     float64
	}{
		{"Background", of(context.Background()), 1.0 / 32},
		{"cancellable", of(cancellable), 1.0 / 32},
		{"one for each", each, 1.0/32 + 1.0/8},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := New(4)
			defer p.Close()
			allocs := allocations(t, n, func(n int) {
				for _, ctx := range test.contexts {
					_ = p.Go(ctx, task)
				}
				for range n {
					<-done
				}
			})
			require.InDelta(t, test.want, allocs, 0.02)
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
	require.InDelta(t, 2+1.0/32, allocs, 0.03)
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
		require.InDelta(t, 3+1.0/32, allocs, 0.03)
	})
}
