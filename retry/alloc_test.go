//go:build !race

package retry_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

func TestNoAllocationsOnSuccess(t *testing.T) {
	deadline, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	p := retry.Policy{Budget: retry.NewBudget(0.1, 1), OnSuccess: func(context.Context, int) {}}
	succeed := func(context.Context) error { return nil }
	answer := func(context.Context) (int, error) { return 1, nil }
	for _, ctx := range []context.Context{context.Background(), t.Context(), deadline} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			_, err := retry.Get(ctx, p, answer)
			if retry.Do(ctx, p, succeed) != nil || err != nil {
				t.Error("succeeds")
			}
		}))
	}
}

// A failure without a pause allocates nothing but the context that says that
// somebody retries, which exists already for context.Background.
func TestAllocationsOfFailures(t *testing.T) {
	calls := 0
	fn := func(context.Context) error {
		if calls++; calls%4 != 0 {
			return errFlaky
		}
		return nil
	}
	p := retry.Policy{MaxAttempts: 4, BaseDelay: -1}
	for want, ctx := range []context.Context{context.Background(), t.Context()} {
		require.EqualValues(t, want, testing.AllocsPerRun(100, func() {
			if retry.Do(ctx, p, fn) != nil {
				t.Error("succeeds")
			}
		}))
	}
}

// However many attempts there are, the memory they take is that of a few: the heap
// does not grow, and a failure allocates nothing.
func TestMemoryDoesNotGrowWithTheAttempts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	mallocs := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.Mallocs
	}
	var early, late int64
	var from, to uint64
	attempts := 0
	err := retry.Do(ctx, retry.Policy{MaxAttempts: 1_000_000, BaseDelay: -1}, func(context.Context) error {
		switch attempts++; attempts {
		case 1000:
			early, from = heap(), mallocs()
		case 1_000_000:
			to, late = mallocs(), heap()
		}
		return errFlaky
	})
	requireError(t, err, 1_000_000, errFlaky, nil)
	require.Less(t, late-early, int64(100_000))
	require.Less(t, to-from, uint64(1000))
}
