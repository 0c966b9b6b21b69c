package retry

import (
	"context"
	"iter"
)

// Attempt is one round of a loop over [Policy.Attempts]. It is for the goroutine
// that runs the loop.
type Attempt struct {
	policy  *Policy
	loop    loop
	context context.Context
	failure error // of this attempt, as told
}

// Attempts is [Do] for the body of a loop, which is run once for each attempt:
//
//	var last *retry.Attempt
//	for a := range policy.Attempts(ctx) {
//		last = a
//		a.Fail(call(a.Context()))
//	}
//	return last.Err()
//
// The loop ends after a round that has not failed, or where Do would give up. It
// can be left at any time. All rounds have the same Attempt. The loop blocks
// between rounds as Do does.
//
// It panics if a field of p is out of its range.
func (p Policy) Attempts(ctx context.Context) iter.Seq[*Attempt] {
	p.check()
	return func(yield func(*Attempt) bool) {
		if err := ctx.Err(); err != nil {
			p.notAttempted(ctx, err)
			return
		}
		a := &Attempt{policy: &p, loop: loop{ctx: ctx, context: ctx}}
		a.loop.start(&p)
		for a.round(yield) {
		}
	}
}

// round runs the body of the loop, and reports whether to go on.
func (a *Attempt) round(yield func(*Attempt) bool) bool {
	stay := a.yield(yield)
	switch {
	case a.failure == nil:
		a.policy.succeed(a.loop.ctx, a.loop.attempts)
		return false
	case stay:
		pause, again := a.loop.decide(a.policy, a.failure)
		return again && a.loop.pause(a.policy, pause)
	default:
		a.loop.history.add(unmark(a.failure))
		a.loop.count(a.policy)
		return a.loop.giveUp(a.policy, a.loop.ctx.Err())
	}
}

func (a *Attempt) yield(yield func(*Attempt) bool) bool {
	ctx, cancel := a.loop.begin(a.policy)
	if cancel != nil {
		defer cancel()
	}
	a.context, a.failure = ctx, nil
	return yield(a)
}

// Number returns the number of the attempt, from 1.
func (a *Attempt) Number() int { return a.loop.attempts }

// Context returns the context of the attempt: the one that the loop was given,
// with Policy.AttemptTimeout applied. It may end with the round.
func (a *Attempt) Context() context.Context { return a.context }

// Fail tells that the attempt has failed with err, which can be marked with
// [Permanent] or [After]. The round goes on; if it tells more than one error the
// last one counts, and nil takes them back.
func (a *Attempt) Fail(err error) { a.failure = err }

// Err returns, after the loop, why it has ended: nil if the last attempt did not
// fail, else an [*Error], even if the loop was left. During the loop it returns
// nil. For a nil Attempt, which is all there is if the context had ended before
// the loop, it returns an *Error with no attempts.
func (a *Attempt) Err() error {
	switch {
	case a == nil:
		return &Error{Cause: errNotAttempted}
	case a.loop.over == nil:
		return nil
	default:
		return a.loop.over
	}
}
