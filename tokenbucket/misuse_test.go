package tokenbucket_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

func TestMisusePanics(t *testing.T) {
	b := tokenbucket.New(1, 1)
	const rate = "tokenbucket: rate negative or not a number"
	for _, r := range []float64{-1, math.NaN(), math.Inf(-1)} {
		require.PanicsWithValue(t, rate, func() { tokenbucket.New(r, 1) })
		require.PanicsWithValue(t, rate, func() { tokenbucket.NewKeyed[int](r, 1) })
		require.PanicsWithValue(t, rate, func() { b.SetRate(r) })
	}
	const burst = "tokenbucket: burst below 1"
	require.PanicsWithValue(t, burst, func() { tokenbucket.New(1, 0) })
	require.PanicsWithValue(t, burst, func() { tokenbucket.NewKeyed[int](1, 0) })
	require.PanicsWithValue(t, burst, func() { b.SetBurst(0) })
	k := tokenbucket.NewKeyed[int](1, 1)
	for _, call := range []func(){
		func() { b.TryTake(-1) },
		func() { b.Take(t.Context(), -1) },
		func() { b.Reserve(-1) },
		func() { b.Refund(-1) },
		func() { tokenbucket.TakeAll(t.Context(), -1, b) },
		func() { tokenbucket.Initial(-1) },
		func() { k.TryTake(1, -1) },
		func() { k.Take(t.Context(), 1, -1) },
	} {
		require.PanicsWithValue(t, "tokenbucket: negative number of tokens", call)
	}
	require.PanicsWithValue(t, "tokenbucket: a key that was dropped would not start full again",
		func() { tokenbucket.NewKeyed[int](1, 1, tokenbucket.Initial(0)) })
	require.Equal(t, tokenbucket.Stats{Rate: 1, Burst: 1, Tokens: 1}, b.Stats())
}
