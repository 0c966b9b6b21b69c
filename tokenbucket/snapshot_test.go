package tokenbucket

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyOf returns a key in a shard.
func keyOf(k *Keyed[int], shard int) int {
	for key := 0; ; key++ {
		if k.shard(k.hash(key)) == &k.shards[shard] {
			return key
		}
	}
}

// A call waits for one key and then for another while Stats is on its way from the
// part that has the one to the part that has the other: it is one call.
func TestKeyedStatsAreOfOneInstant(t *testing.T) {
	k := NewKeyed[int](0, 1)
	enter := func(shard int) func() {
		key := keyOf(k, shard)
		hash, s := k.hash(key), &k.shards[shard]
		s.lock()
		b := k.enterLocked(s, key, hash)
		s.mu.Unlock()
		return func() {
			s.lock()
			k.leaveLocked(s, key, hash, b)
			s.mu.Unlock()
		}
	}
	turns := func() {
		for range 1000 {
			runtime.Gosched()
		}
	}
	leave := enter(20)
	k.shards[40].lock() // here Stats has to stop
	stats, done := make(chan KeyedStats), make(chan func())
	go func() { stats <- k.Stats() }()
	turns()
	go func() {
		leave()
		done <- enter(60)
	}()
	turns()
	k.shards[40].mu.Unlock()
	require.Equal(t, 1, (<-stats).Waiting)
	(<-done)()
	require.Zero(t, k.Stats().Waiting)
}
