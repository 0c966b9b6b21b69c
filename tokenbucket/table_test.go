package tokenbucket

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A key that had too few tokens when it was tried can be full, and dropped, by the
// time its call comes to wait.
func TestWaitForAKeyThatWasDropped(t *testing.T) {
	k := NewKeyed[int](1, 2)
	s := k.shard(k.hash(7))
	s.mu.Lock()
	b := k.enterLocked(s, 7, k.hash(7))
	s.mu.Unlock()
	require.EqualValues(t, 2, k.Tokens(7))
	require.True(t, b.TryTake(1))
	require.InDelta(t, 1, k.Tokens(7), 0.1)
	s.mu.Lock()
	k.leaveLocked(s, 7, k.hash(7), b)
	s.mu.Unlock()
	require.InDelta(t, 1, k.Tokens(7), 0.1)
	require.Empty(t, s.busy)
}

// Not even an empty slot may be left of a key, in what may be the middle of others.
func TestKeyThatIsFullAtOnceKeepsItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewKeyed[int](1, 2)
		hash := k.hash(7)
		s := k.shard(hash)
		k.leaveLocked(s, 7, hash, k.enterLocked(s, 7, hash))
		require.NotNil(t, s.table.find(7, hash))
		require.InDelta(t, 2, k.Tokens(7), 1e-8)
	})
}

// A call that read the clock before another one, and has the mutex after it, is not
// a clock that went back.
func TestStaleReadingOfTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewKeyed[int](1, 2)
		s := &k.shards[0]
		early := clock()
		time.Sleep(time.Second)
		now, _ := k.nowLocked(s, clock())
		again, _ := k.nowLocked(s, early)
		require.Equal(t, now, again)
		require.Equal(t, early, s.base)
	})
}

// What is taken from a full bucket between two units is taken as of the later one.
func TestRoundedAgainstTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = math.E * 1e11 // no simple fraction
		b, k := New(rate, 3), NewKeyed[int](rate, 3)
		time.Sleep(1234567 * time.Nanosecond)
		whole, begun := b.era.Load().units(1234567)
		require.EqualValues(t, 1, begun)
		require.True(t, b.TryTake(1))
		require.EqualValues(t, whole+1+b.era.Load().token, b.era.Load().word.Load())
		hash := k.hash(7)
		for range 2 { // the second time there is a slot
			whole, begun = k.units(uint64(clock() - k.shard(hash).base))
			require.EqualValues(t, 1, begun)
			require.True(t, k.TryTake(7, 1))
			require.Equal(t, whole+1+k.token, k.shard(hash).table.find(7, hash).full)
			time.Sleep(time.Second)
		}
	})
}
