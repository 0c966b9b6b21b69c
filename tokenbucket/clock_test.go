package tokenbucket_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// A bubble's clock starts in the year 2000: entering it moves the bucket's
// clock, and leaving it moves the clock back. Neither may mint tokens beyond
// the burst nor stop the bucket.
func TestOneBucketInTwoBubbles(t *testing.T) {
	b := tokenbucket.New(1, 2)
	for _, advance := range []time.Duration{time.Hour, 0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(advance)
			for b.TryTake(1) {
			}
			start := time.Now()
			require.NoError(t, b.Take(t.Context(), 2))
			require.Equal(t, 2*time.Second, time.Since(start))
		})
	}
}

// A timer of a bubble must not be set anew outside of it.
func TestWaitInABubbleAndThenOutside(t *testing.T) {
	b := tokenbucket.New(1000, 1)
	wait := func(t *testing.T) {
		for b.TryTake(1) {
		}
		require.NoError(t, b.Take(t.Context(), 1))
	}
	synctest.Test(t, wait)
	wait(t)
}

func TestClockThatWentBackMintsNothing(t *testing.T) {
	var b *tokenbucket.Bucket
	synctest.Test(t, func(t *testing.T) {
		b = tokenbucket.New(1, 5)
		time.Sleep(time.Hour)
		require.True(t, b.TryTake(5))
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 2, b.Tokens())
	})
	synctest.Test(t, func(t *testing.T) { // an hour earlier
		require.EqualValues(t, 2, b.Tokens())
		time.Sleep(time.Second)
		require.EqualValues(t, 3, b.Tokens())
	})
}

// Nor does it freeze the bucket, if nobody has looked at the clock since.
func TestClockThatWentBackFreezesNothing(t *testing.T) {
	b := tokenbucket.New(1, 5)
	synctest.Test(t, func(t *testing.T) {
		require.True(t, b.TryTake(0))
		time.Sleep(time.Hour)
		require.True(t, b.TryTake(5))
	})
	synctest.Test(t, func(t *testing.T) {
		require.False(t, b.TryTake(1))
		time.Sleep(time.Second)
		require.True(t, b.TryTake(1))
		require.False(t, b.TryTake(1))
	})
}
