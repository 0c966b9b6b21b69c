package tokenbucket_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

func TestStats(t *testing.T) {
	b := tokenbucket.New(0, 3)
	require.True(t, b.TryTake(2))
	require.Equal(t, tokenbucket.Stats{Burst: 3, Tokens: 1}, b.Stats())
	require.Equal(t, 3, b.Burst())
	require.Equal(t, "[rate=0 burst=3 tokens=1 waiting=0]", b.LogValue().String())
	require.Equal(t, "rate=0/s burst=3 tokens=1 waiting=2",
		tokenbucket.Stats{Burst: 3, Tokens: 1, Waiting: 2}.String())
}

func TestString(t *testing.T) {
	require.Equal(t, "rate=10/s burst=3 tokens=3", tokenbucket.New(10, 3).String())
	require.Equal(t, "rate=+Inf/s burst=1 tokens=1", tokenbucket.New(math.Inf(1), 1).String())
}
