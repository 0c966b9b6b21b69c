package tokenbucket

import (
	"math"
	"math/bits"
)

// wide is an unsigned number of 128 bits. Sums stay at the largest, differences
// at zero.
type wide struct{ hi, lo uint64 }

var endless = wide{math.MaxUint64, math.MaxUint64}

func product(a, b uint64) wide {
	hi, lo := bits.Mul64(a, b)
	return wide{hi, lo}
}

func (w wide) less(v wide) bool { return w.hi < v.hi || w.hi == v.hi && w.lo < v.lo }

func (w wide) plus(v wide) wide {
	lo, carry := bits.Add64(w.lo, v.lo, 0)
	hi, carry := bits.Add64(w.hi, v.hi, carry)
	if carry != 0 {
		return endless
	}
	return wide{hi, lo}
}

func (w wide) minus(v wide) wide {
	lo, borrow := bits.Sub64(w.lo, v.lo, 0)
	hi, borrow := bits.Sub64(w.hi, v.hi, borrow)
	if borrow != 0 {
		return wide{}
	}
	return wide{hi, lo}
}

func (w wide) min(v wide) wide {
	if v.less(w) {
		return v
	}
	return w
}

func (w wide) max(v wide) wide {
	if w.less(v) {
		return v
	}
	return w
}

// shifted returns w / 2^s, for s below 64.
func (w wide) shifted(s uint) wide {
	return wide{w.hi >> s, w.hi<<(64-s) | w.lo>>s}
}

// times returns w * num / den, rounded up, and zero if den is.
func (w wide) times(num, den uint64) wide {
	if den == 0 {
		return wide{}
	}
	low, high := product(w.lo, num), product(w.hi, num)
	middle, carry := bits.Add64(low.hi, high.lo, 0)
	top := high.hi + carry
	if top >= den {
		return endless
	}
	var q wide
	var rest uint64
	q.hi, rest = bits.Div64(top, middle, den)
	q.lo, rest = bits.Div64(rest, low.lo, den)
	if rest != 0 {
		q = q.plus(wide{0, 1})
	}
	return q
}

func (w wide) float() float64 { return math.Ldexp(float64(w.hi), 64) + float64(w.lo) }
