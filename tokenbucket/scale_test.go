package tokenbucket

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (w wide) big() *big.Int {
	n := new(big.Int).SetUint64(w.hi)
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(w.lo))
}

// randomWord has any number of bits.
func randomWord(rng *rand.Rand) uint64 { return rng.Uint64() >> rng.IntN(64) }

func TestWideAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	largest := endless.big()
	clamp := func(n *big.Int) *big.Int {
		switch {
		case n.Sign() < 0:
			return n.SetInt64(0)
		case n.Cmp(largest) > 0:
			return largest
		}
		return n
	}
	for range 20_000 {
		a, b := wide{randomWord(rng), randomWord(rng)}, wide{randomWord(rng), randomWord(rng)}
		if rng.IntN(3) == 0 {
			a.hi, b.hi = 0, 0
		}
		require.Equal(t, clamp(new(big.Int).Add(a.big(), b.big())), a.plus(b).big())
		require.Equal(t, clamp(new(big.Int).Sub(a.big(), b.big())).Cmp(a.minus(b).big()), 0)
		require.Equal(t, a.big().Cmp(b.big()) < 0, a.less(b))
		require.Equal(t, a.less(b), a.min(b) == a && a != b)
		require.Equal(t, a.less(b), a.max(b) == b && a != b)
		s := uint(rng.IntN(64))
		require.Zero(t, new(big.Int).Rsh(a.big(), s).Cmp(a.shifted(s).big()))
		num, den := randomWord(rng), randomWord(rng)+1
		want := new(big.Int).Mul(a.big(), new(big.Int).SetUint64(num))
		want.Add(want, new(big.Int).SetUint64(den-1))
		want.Div(want, new(big.Int).SetUint64(den))
		require.Zero(t, clamp(want).Cmp(a.times(num, den).big()))
		f, _ := new(big.Float).SetInt(a.big()).Float64()
		require.InEpsilon(t, f+1, a.float()+1, 1e-15)
	}
	require.Zero(t, endless.times(1, 0))
}

func TestSimpleRatesAreExact(t *testing.T) {
	for rate, want := range map[float64]scale{
		1: {mult: 1, token: 1e9}, 3: {mult: 3, token: 1e9}, 10: {mult: 1, token: 1e8},
		0.3: {mult: 3, token: 1e10}, 2.5: {mult: 1, token: 4e8}, 1. / 60: {mult: 1, token: 60e9},
		7. / 3600: {mult: 7, token: 36e11}, 1e-9: {mult: 1, token: 1e18}, 1e9: {mult: 1, token: 1},
		1e12: {mult: 1000, token: 1}, 999_983: {mult: 999_983, token: 1e9},
		0: {token: 1 << 20}, math.Inf(1): {}, Inf: {},
	} {
		require.Equal(t, want, scaleOf(rate, room), "%v a second", rate)
	}
}

// Whatever the rate is, it is rounded down, by next to nothing.
func TestRatesAreRoundedDown(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		rate := math.Exp(rng.Float64()*math.Log(1e21)) * 1e-9
		s := scaleOf(rate, room)
		// rate = mult / 2^shift / token * 1e9
		got := new(big.Rat).SetFrac(new(big.Int).SetUint64(s.mult),
			new(big.Int).Mul(new(big.Int).Lsh(big.NewInt(1), s.shift), new(big.Int).SetUint64(s.token)))
		got.Mul(got, big.NewRat(1e9, 1))
		exact := new(big.Rat).SetFloat64(rate)
		off, _ := new(big.Rat).Quo(new(big.Rat).Sub(exact, got), exact).Float64()
		if s.shift > 0 {
			require.GreaterOrEqual(t, off, 0.0, "%v a second", rate)
		}
		require.Less(t, math.Abs(off), 0x1p-51, "%v a second", rate)
		require.Greater(t, s.last(), uint64(30*time.Minute))
		whole, _ := s.units(s.last())
		require.LessOrEqual(t, whole, uint64(room))
	}
}

// The time to a unit is the first nanosecond at which it has come.
func TestTimesAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, rate := range []float64{1, 3, 0.3, math.Pi, 1e-9, math.Pi * 1e-7, 1e12, math.E * 1e11, 1e9 + 1} {
		s := scaleOf(rate, room)
		for range 2000 {
			ns := rng.Uint64N(s.last()) + 1
			whole, begun := s.units(ns)
			require.LessOrEqual(t, uint64(s.nanoseconds(wide{0, whole})), ns)
			if whole > 0 {
				at := uint64(s.nanoseconds(wide{0, whole}))
				reached, _ := s.units(at)
				require.GreaterOrEqual(t, reached, whole)
				earlier, _ := s.units(at - 1)
				require.Less(t, earlier, whole)
			}
			exact := s.shift == 0 || new(big.Int).And(product(ns, s.mult).big(),
				big.NewInt(int64(1)<<s.shift-1)).Sign() == 0
			require.Equal(t, exact, begun == 0)
		}
	}
	require.Equal(t, time.Duration(far), scaleOf(0, room).nanoseconds(wide{0, 1}))
	require.Equal(t, time.Duration(far), scaleOf(1e-9, room).nanoseconds(endless))
}

func TestScaleThatFits(t *testing.T) {
	for _, rate := range []float64{1e-300, 1e-15, 1e-9, 1, math.Pi, 1e12, 1e30} {
		for _, burst := range []uint64{1, 10, 1e6, 1 << 40, 1 << 60} {
			s := scaleOf(rate, room/burst)
			require.NotZero(t, s.token)
			require.LessOrEqual(t, s.token, room/burst, "%v a second, %d at once", rate, burst)
			whole, _ := s.units(s.last())
			require.LessOrEqual(t, whole, uint64(room))
		}
	}
	require.Equal(t, uint64(2), scaleOf(0, room>>60).token)
}
