package retry

import (
	"context"
	"math"
	"time"
)

// Policy states when to try again and how long to pause before. The zero value
// is usable: three attempts, full jitter over 100 ms and then 200 ms, for any
// error. Do not change a policy while it is in use; copy it.
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

	// AttemptTimeout bounds each attempt, by the context it is given, whose cause
	// is then [ErrAttemptTimeout]. An attempt that runs into it has failed and is
	// tried again like any other. Zero means no bound but the caller's context.
	AttemptTimeout time.Duration

	// MaxElapsed bounds all of it, attempts and pauses: no attempt begins after
	// it, one that is under way sees its context end, and no pause begins that
	// would last until then. What it ends has the Cause [ErrElapsed]. Zero means
	// no bound but the caller's context.
	MaxElapsed time.Duration

	// Retryable reports whether another attempt may succeed after err. It is
	// not asked about errors marked with [Permanent] or [After]. Nil means
	// always.
	Retryable func(err error) bool

	// OnRetry is called when an attempt has failed and there will be another one,
	// before the pause, which can be zero. It gets the caller's context. If that has
	// ended when it returns, or too little time is left, there is no other one after
	// all. Nil means nothing is called, here and below.
	OnRetry func(ctx context.Context, attempt int, err error, pause time.Duration)

	// OnSuccess is called when an attempt has succeeded.
	OnSuccess func(ctx context.Context, attempts int)

	// OnGiveUp is called when there will be no other attempt, even if there was
	// none because ctx had ended.
	OnGiveUp func(ctx context.Context, err *Error)

	// Rand draws the jitter evenly from [0, n), for n > 0. It is for tests that
	// need a seed:
	//
	//	rand.New(rand.NewPCG(1, 2)).Int64N
	//
	// It is called by all who share the policy. Nil means rand.Int64N.
	Rand func(n int64) int64

	// Budget is asked before every attempt but the first. Nil means no budget.
	Budget *Budget

	// Jitter spreads the pauses. Zero means [FullJitter].
	Jitter Jitter

	// StrictAfter gives up, with a [*TooLongError] as the Cause, if [After] asks
	// for a pause longer than MaxDelay. Otherwise the pause is cut to MaxDelay, so
	// that a server is asked earlier than it wants to be.
	StrictAfter bool

	// Nested lets a Do make all its attempts even within an attempt of another
	// one, so that they multiply. The package comment has what happens otherwise.
	Nested bool
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

// check panics if a field is out of its range.
func (p *Policy) check() {
	if !p.valid() {
		panic(p.misuse())
	}
}

// valid reports whether all fields are in their ranges. Three are looked at in one
// go, and it is inlined: every call pays for it.
func (p *Policy) valid() bool {
	return p.MaxDelay|p.AttemptTimeout|p.MaxElapsed >= 0 && p.Jitter <= DecorrelatedJitter &&
		(p.Multiplier == 0 || p.Multiplier >= 1) // not NaN
}

func (p *Policy) misuse() string {
	switch {
	case p.MaxDelay < 0:
		return "retry: negative MaxDelay"
	case p.AttemptTimeout < 0:
		return "retry: negative AttemptTimeout"
	case p.MaxElapsed < 0:
		return "retry: negative MaxElapsed"
	case p.Jitter > DecorrelatedJitter:
		return "retry: unknown Jitter"
	default:
		return "retry: Multiplier below 1"
	}
}
