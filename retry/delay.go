package retry

import (
	"math"
	"math/rand/v2"
	"time"
)

// Jitter is a way to spread pauses. The names are those of "Exponential Backoff
// And Jitter" (AWS Architecture Blog, 2015).
type Jitter uint8

const (
	// FullJitter draws the pause evenly from [0, delay).
	FullJitter Jitter = iota
	// EqualJitter draws the pause evenly from [delay/2, delay).
	EqualJitter
	// NoJitter pauses for exactly the delay.
	NoJitter
	// DecorrelatedJitter draws the pause evenly from [BaseDelay, 3*previous), where
	// the first one counts as preceded by BaseDelay, and cuts it to MaxDelay. It
	// does not use Multiplier.
	DecorrelatedJitter
)

// delay returns the pause after failure number failures, counted from 1, if there
// are pauses. previous is the one before it, zero for the first.
func (p *Policy) delay(failures int, previous time.Duration) time.Duration {
	base, limit := p.BaseDelay, p.maxDelay()
	if base == 0 {
		base = 100 * time.Millisecond
	}
	if p.Jitter == DecorrelatedJitter {
		return p.decorrelated(base, limit, previous)
	}
	multiplier := p.Multiplier
	if multiplier == 0 {
		multiplier = 2
	}
	d := limit
	// Compared as floats: the product passes the largest Duration early.
	if f := float64(base) * math.Pow(multiplier, float64(failures-1)); f < float64(limit) {
		d = time.Duration(f)
	}
	switch p.Jitter {
	case FullJitter:
		return p.random(d)
	case EqualJitter:
		return d/2 + p.random(d-d/2)
	default:
		return d
	}
}

// decorrelated cuts after it has drawn, as in the article: cutting the range
// instead would let pauses at the maximum shrink again.
func (p *Policy) decorrelated(base, limit, previous time.Duration) time.Duration {
	upper := time.Duration(math.MaxInt64)
	if previous = max(previous, base); previous < upper/3 {
		upper = 3 * previous
	}
	return min(base+p.random(upper-base), limit)
}

// random draws evenly from [0, n), whatever Rand returns; from nothing it draws
// zero.
func (p *Policy) random(n time.Duration) time.Duration {
	switch {
	case n <= 0:
		return 0
	case p.Rand == nil:
		return rand.N(n)
	default:
		return min(max(0, time.Duration(p.Rand(int64(n)))), n-1)
	}
}

// Pause returns how long to pause after err, which is one of failures in a row, if there is
// to be another attempt. previous is the pause before it, zero for the first. It is for what
// is no function to be called by [Do], such as a service to be kept running. Of the policy,
// MaxAttempts, the delays, Retryable, StrictAfter and Rand count, and so do [Permanent] and
// [After].
func (p Policy) Pause(err error, failures int, previous time.Duration) (pause time.Duration, again bool) {
	p.check()
	mark, _ := find(err)
	switch {
	case mark != nil && mark.permanent, mark == nil && p.Retryable != nil && !p.Retryable(err), failures >= p.maxAttempts():
		return 0, false
	case mark != nil:
		pause = min(mark.after, p.maxDelay())
		return pause, pause == mark.after || !p.StrictAfter
	case p.BaseDelay < 0:
		return 0, true
	default:
		return p.delay(failures, previous), true
	}
}
