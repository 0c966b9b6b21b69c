package tokenbucket_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// While keys are made there are never fewer than before the call, nor more than
// after it.
func TestKeyedStatsWhileKeysAreMade(t *testing.T) {
	const keys, goroutines = 20_000 / slowdown, 2
	k := tokenbucket.NewKeyed[int](0, 1)
	var begun, made atomic.Int64
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for key := i; key < keys; key += goroutines {
				begun.Add(1)
				if !k.TryTake(key, 1) {
					t.Error("a new key")
				}
				made.Add(1)
			}
		})
	}
	for made.Load() < keys {
		least := made.Load()
		got := int64(k.Len())
		require.GreaterOrEqual(t, got, least)
		require.LessOrEqual(t, got, begun.Load())
	}
	wg.Wait()
}

// Snapshots at the same time are each of one instant.
func TestKeyedStatsAtOnce(t *testing.T) {
	const keys = 1000
	k := tokenbucket.NewKeyed[int](0, 1)
	for key := range keys {
		require.True(t, k.TryTake(key, 1))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 / slowdown {
				if n := k.Len(); n != keys {
					t.Errorf("%d keys", n)
				}
			}
		})
	}
	wg.Wait()
}
