package tokenbucket_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// A burst that is taken between two units is missing until a unit later, which is
// more than a bucket can hold.
func TestBurstBetweenTwoUnits(t *testing.T) {
	for _, rate := range []float64{math.E * 1e7, math.E * 1e11} {
		synctest.Test(t, func(t *testing.T) {
			k := tokenbucket.NewKeyed[int](rate, 3)
			b, reserved := tokenbucket.New(rate, 3), tokenbucket.New(rate, 3)
			time.Sleep(1234567 * time.Nanosecond)
			require.True(t, k.TryTake(1, 3))
			require.Zero(t, k.Tokens(1))
			require.True(t, b.TryTake(3))
			require.Zero(t, b.Tokens())
			r := reserved.Reserve(3)
			require.Zero(t, r.Delay(), "the tokens are there")
			require.Zero(t, reserved.Tokens())
			r.Cancel()
			require.EqualValues(t, 3, reserved.Tokens())
		})
	}
}
