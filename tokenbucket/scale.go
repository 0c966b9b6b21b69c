package tokenbucket

import (
	"math"
	"math/bits"
	"time"
)

const (
	// room is the number of units that a word can be ahead of the clock, and the
	// clock ahead of the base: their sum leaves the sign bit alone.
	room = 1 << 61

	maxMult = 1 << 20 // of a fraction: the clock can go on for 2^41 ns, 36 minutes
)

// scale is the rate of a bucket in whole numbers. A nanosecond has mult / 2^shift
// units, a token has a whole number of them, and all that is stored is in units,
// so that tokens are added and compared without rounding, however many there are.
//
// A rate is taken as the simplest fraction of tokens per nanosecond that has the
// same float64, if there is a simple one: for 3 a second a nanosecond has 3 units
// and a token 1e9. Then shift is 0, and nothing is ever rounded. Other rates are
// rounded down by less than one part in 2^51, and the time to a unit, which is at
// most a sixteenth of a nanosecond, against the caller.
//
// A rate of zero has a mult of zero, no limit has a token of zero.
type scale struct {
	mult  uint64
	token uint64
	shift uint
}

// scaleOf returns the scale of a rate, in which a token has at most most units.
func scaleOf(rate float64, most uint64) scale {
	switch x := rate / 1e9; {
	case rate >= Inf:
		return scale{}
	case rate == 0:
		return scale{token: min(1<<20, most)}
	default:
		if mult, token := fraction(rate); mult != 0 && token <= most {
			return scale{mult: mult, token: token}
		}
		// Past 4e15 tokens a second the units would soon be out of room.
		x = math.Nextafter(min(x, 1<<22), 0)
		k := min(max(8, 4-math.Ilogb(x)), bits.Len64(most)-1)
		shift := min(63, 62-math.Ilogb(x)-k)
		return scale{mult: uint64(math.Ldexp(x, k+shift)), token: 1 << k, shift: uint(shift)}
	}
}

// fraction returns the simplest num / den that float64 cannot tell from rate / 1e9,
// or zero if its numbers are too large.
func fraction(rate float64) (num, den uint64) {
	if rate < 1e9 {
		// The other way round, since 1e9 / rate is what people have in mind.
		den, num = convergent(1e9/rate, room, maxMult)
		return num, den
	}
	return convergent(rate/1e9, maxMult, room)
}

// convergent returns the first convergent of the continued fraction of x >= 1 that
// float64 cannot tell from x, unless its numbers are larger.
func convergent(x, maxNum, maxDen float64) (num, den uint64) {
	p0, q0, p, q := 0.0, 1.0, 1.0, 0.0
	for y := x; ; y = 1 / (y - math.Floor(y)) {
		p0, q0, p, q = p, q, math.Floor(y)*p+p0, math.Floor(y)*q+q0
		if !(p <= maxNum && q <= maxDen) { // NaN too
			return 0, 0
		}
		if math.Abs(p/q-x) <= x*0x1p-52 {
			return uint64(p), uint64(q)
		}
	}
}

// last returns the number of nanoseconds after which the units are out of room.
func (s scale) last() uint64 {
	if s.mult == 0 {
		return math.MaxInt64
	}
	n := wide{uint64(room) >> (64 - s.shift), uint64(room) << s.shift}
	if n.hi >= s.mult {
		return math.MaxInt64
	}
	q, _ := bits.Div64(n.hi, n.lo, s.mult)
	return min(q, math.MaxInt64)
}

// units returns how many units have begun and ended after ns nanoseconds, which
// must not be more than last, and whether another one has begun, as 0 or 1.
func (s scale) units(ns uint64) (whole, begun uint64) {
	hi, lo := bits.Mul64(ns, s.mult)
	whole = hi<<(64-s.shift) | lo>>s.shift
	if lo<<(64-s.shift) != 0 {
		begun = 1
	}
	return whole, begun
}

// far stands for all times that are further away.
const far = 200 * 365 * 24 * time.Hour

// nanoseconds returns the time in which so many units grow: never less.
func (s scale) nanoseconds(units wide) time.Duration {
	if units == (wide{}) {
		return 0
	}
	if s.mult == 0 {
		return far
	}
	if ns := units.times(1<<s.shift, s.mult); ns.less(wide{0, uint64(far)}) {
		return time.Duration(ns.lo)
	}
	return far
}
