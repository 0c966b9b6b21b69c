package tokenbucket

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// loads calls TryTake while somebody else has the mutex, so that it could not
// return if it took it.
func loads(b *Bucket, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.TryTake(n)
}

func TestRefusalsOnlyLoad(t *testing.T) {
	for _, rate := range []float64{0, 1, math.Pi} {
		synctest.Test(t, func(t *testing.T) {
			b := New(rate, 4, Initial(2))
			require.False(t, loads(b, 5), "more than the burst")
			require.False(t, loads(b, 3), "nobody waits")
			ctx, cancel := context.WithCancel(t.Context())
			for range 2 {
				go b.Take(ctx, 4)
			}
			synctest.Wait()
			for _, n := range []int{0, 1, 4, 5} {
				require.False(t, loads(b, n), "two wait")
			}
			cancel()
			synctest.Wait()
			require.False(t, loads(b, 3))
			require.True(t, b.TryTake(2), "nobody waits any more")
			if rate == 0 {
				return
			}
			reserved := b.Reserve(3)
			require.False(t, loads(b, 1), "one is reserved")
			time.Sleep(reserved.Delay() + time.Duration(1.5e9/rate))
			require.False(t, loads(b, 2), "half a token is missing")
			require.True(t, b.TryTake(1))
		})
	}
}

// What a call can refuse by loads depends on the clock as it was then, too: in
// another bubble the bucket goes on from there.
func TestRefusalsAfterTheClockWentBack(t *testing.T) {
	b := New(1, 2)
	synctest.Test(t, func(t *testing.T) {
		require.EqualValues(t, 2, b.Tokens())
		time.Sleep(time.Hour)
		require.True(t, b.Reserve(2).OK())
		require.True(t, b.Reserve(1).OK())
		require.False(t, b.TryTake(1))
	})
	synctest.Test(t, func(t *testing.T) { // an hour earlier
		time.Sleep(2*time.Second - time.Nanosecond)
		require.False(t, b.TryTake(1))
		time.Sleep(2 * time.Second)
		require.True(t, b.TryTake(1))
	})
}

// Nor does a call that comes with an era that is over refuse anything by it.
func TestRefusalsOfAnEraThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(0, 2, Initial(0))
		go b.Take(t.Context(), 1)
		synctest.Wait()
		e := b.era.Load()
		require.True(t, e.refuses(1))
		b.SetRate(Inf)
		require.False(t, e.refuses(1))
	})
}
