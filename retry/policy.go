package retry

import (
	"math"
	"math/rand/v2"
	"time"
)

// Policy states when to try again and how long to pause before. The zero value
// is usable: three attempts, full jitter over 100 ms and then 200 ms.
type Policy struct {
	// MaxAttempts bounds the calls of the function, the first one included.
	// Zero means 3; negative means no bound.
	MaxAttempts int

	// BaseDelay is the pause after the first failure, before jitter. Zero means
	// 100 ms; negative means no pauses.
	BaseDelay time.Duration

	// MaxDelay bounds every pause, those asked for by [After] included. Zero
	// means 30 s. It must not be negative.
	MaxDelay time.Duration

	// Multiplier is what each pause is longer than the one before. Zero means
	// 2. It must not be below 1 otherwise.
	Multiplier float64

	// Jitter spreads the pauses. Zero means [FullJitter].
	Jitter Jitter

	// AttemptTimeout bounds each attempt, by the context it is given. An
	// attempt that runs into it has failed and is tried again like any other.
	// Zero means no bound but the caller's context.
	AttemptTimeout time.Duration

	// Retryable reports whether another attempt may succeed after err. It is
	// not asked about errors marked with [Permanent] or [After]. Nil means
	// always.
	Retryable func(err error) bool
}

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
)

// delay returns the pause after failure number failures, counted from 1.
func (p *Policy) delay(failures int) time.Duration {
	base, limit := p.BaseDelay, p.maxDelay()
	if base < 0 {
		return 0
	}
	if base == 0 {
		base = 100 * time.Millisecond
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
	switch {
	case d == 0:
		return 0
	case p.Jitter == FullJitter:
		return rand.N(d)
	case p.Jitter == EqualJitter:
		return d/2 + rand.N(d-d/2)
	default:
		return d
	}
}

func (p *Policy) maxDelay() time.Duration {
	if p.MaxDelay == 0 {
		return 30 * time.Second
	}
	return p.MaxDelay
}

func (p *Policy) maxAttempts() int {
	switch {
	case p.MaxAttempts == 0:
		return 3
	case p.MaxAttempts < 0:
		return math.MaxInt
	default:
		return p.MaxAttempts
	}
}

func (p *Policy) check() {
	switch {
	case p.MaxDelay < 0:
		panic("retry: negative MaxDelay")
	case p.Multiplier != 0 && !(p.Multiplier >= 1): // NaN too
		panic("retry: Multiplier below 1")
	case p.Jitter > NoJitter:
		panic("retry: unknown Jitter")
	case p.AttemptTimeout < 0:
		panic("retry: negative AttemptTimeout")
	}
}
