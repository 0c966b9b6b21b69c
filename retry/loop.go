package retry

import (
	"context"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// loop is what one series of attempts knows. Its methods are called in turn by
// one goroutine: start, then begin and again until that is false, or succeed.
// They get the policy each time, since a loop that pointed to it would move it to
// the heap.
//
// Invariants:
//   - attempts is how many have begun, history.n how many have failed; used is
//     those that have failed, and what a Do within the first one used up.
//   - over is nil until there will be no other attempt because of a failure.
type loop struct {
	ctx context.Context // the caller's

	attempts int
	used     int
	history  history
	over     *Error

	previous time.Duration   // the pause before
	marked   context.Context // nestedIn(ctx), once there is a second attempt

	limits // of all attempts
}

// limits are times after epoch. Only if limited, time is taken.
type limits struct {
	limited bool
	limit   time.Duration // the earlier one of the deadline of ctx and elapsed
	reached error         // the Cause if limit ends the attempts
	elapsed time.Duration // the end of MaxElapsed
	began   time.Duration // when this attempt did
	spent   time.Duration // by all attempts
}

// start is called before the first attempt. If it is not, there are no limits.
func (l *loop) start(p *Policy) {
	deadline, limited := l.ctx.Deadline()
	if !limited && p.MaxElapsed == 0 {
		return
	}
	now := time.Since(epoch)
	l.limits = limits{limited: true, reached: context.DeadlineExceeded}
	if limited {
		l.limit = now + time.Until(deadline)
	}
	if p.MaxElapsed > 0 {
		l.elapsed = now + min(p.MaxElapsed, farthest)
		if !limited || l.elapsed < l.limit {
			l.limit, l.reached = l.elapsed, ErrElapsed
		}
	}
}

// farthest is how far a limit can be away, so that it is one after epoch too.
const farthest = 100 * 365 * 24 * time.Hour

// begin begins an attempt and returns its context. cancel is nil if there is
// nothing to be cancelled.
func (l *loop) begin(p *Policy) (ctx context.Context, cancel context.CancelFunc) {
	ctx = l.mark()
	if timeout, cause := l.timeout(p); timeout > 0 {
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, cause)
	}
	return ctx, cancel
}

// mark counts an attempt and returns its context without a limit.
func (l *loop) mark() context.Context {
	if l.limited {
		l.began = time.Since(epoch)
	}
	l.attempts++
	if l.attempts == 1 {
		return l.ctx
	}
	if l.marked == nil {
		l.marked = nestedIn(l.ctx)
	}
	return l.marked
}

// timeout returns how long the attempt that has begun may take by the policy, and
// what it is if it takes longer; zero if there is no limit.
func (l *loop) timeout(p *Policy) (time.Duration, error) {
	if p.MaxElapsed > 0 {
		// Not below 1: the clock has gone on since somebody looked at it.
		if left := max(1, l.elapsed-l.began); p.AttemptTimeout == 0 || left < p.AttemptTimeout {
			return left, ErrElapsed
		}
	}
	return p.AttemptTimeout, ErrAttemptTimeout
}

// again takes the error of an attempt, and reports whether there will be another
// one, for which it has paused. Otherwise it has set over.
func (l *loop) again(p *Policy, err error) bool {
	pause, again := l.decide(p, err)
	return again && l.pause(p, pause)
}

// decide takes the error of an attempt, and returns the pause if there is to be
// another one. A budget has then been charged for it.
func (l *loop) decide(p *Policy, err error) (pause time.Duration, again bool) {
	l.record(p, err)
	explore.Point("retry: an attempt has failed")
	if err := l.ctx.Err(); err != nil {
		return 0, l.giveUp(p, err)
	}
	mark, inner := find(err)
	l.used++
	if inner != nil && l.attempts == 1 {
		l.used = max(1, inner.usedUp)
	}
	switch {
	case mark != nil && mark.permanent, mark == nil && p.Retryable != nil && !p.Retryable(err):
		return 0, l.giveUp(p, nil)
	case l.used >= p.maxAttempts(), l.attempts == 1 && !p.Nested && isNested(l.ctx):
		return 0, l.useUp(p)
	case mark == nil:
		pause = p.delay(l.attempts, l.previous)
		l.previous = pause
	default:
		pause = min(mark.after, p.maxDelay())
		if pause < mark.after && p.StrictAfter {
			return 0, l.giveUp(p, &TooLongError{Asked: mark.after, Max: pause})
		}
	}
	if l.limited && l.tooLate(pause) {
		return 0, l.giveUp(p, l.reached)
	}
	if p.Budget != nil && !p.Budget.retry() {
		return 0, l.giveUp(p, ErrBudget)
	}
	return pause, true
}

func (l *loop) record(p *Policy, err error) {
	l.request(p)
	if l.limited {
		l.spent += time.Since(epoch) - l.began
	}
	l.history.add(unmark(err))
}

// tooLate reports whether a pause would not leave time for a typical attempt.
func (l *loop) tooLate(pause time.Duration) bool {
	left := l.limit - time.Since(epoch)
	if pause == 0 {
		return left <= 0 && l.reached == ErrElapsed // ctx ends by itself
	}
	return left <= pause || left-pause < l.spent/time.Duration(l.attempts)
}

// pause sleeps, and reports whether there will be another attempt.
func (l *loop) pause(p *Policy, d time.Duration) bool {
	if p.OnRetry != nil {
		p.OnRetry(l.ctx, l.attempts, l.history.last(), d)
	}
	if d > 0 {
		sleep(l.ctx, d)
	}
	err := l.ctx.Err()
	if err == nil && p.MaxElapsed > 0 && time.Since(epoch) >= l.elapsed {
		err = ErrElapsed // in the hook
	}
	if err == nil {
		return true
	}
	if p.Budget != nil {
		p.Budget.refund()
	}
	return l.giveUp(p, err)
}

// sleep pauses for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	explore.Point("retry: the pause is over")
}

// request counts the first attempt, once it has been made: no step may come between
// the look at ctx and the attempt.
func (l *loop) request(p *Policy) {
	if l.attempts == 1 && p.Budget != nil {
		p.Budget.request()
	}
}

func (l *loop) succeed(p *Policy) {
	l.request(p)
	if p.OnSuccess != nil {
		p.OnSuccess(l.ctx, l.attempts)
	}
}

// giveUp returns false.
func (l *loop) giveUp(p *Policy, cause error) bool {
	l.over = &Error{Attempts: l.attempts, Last: l.history.last(), Cause: cause, History: l.history.list()}
	if p.OnGiveUp != nil {
		p.OnGiveUp(l.ctx, l.over)
	}
	return false
}

// useUp gives up because the attempts are used up. It returns false.
func (l *loop) useUp(p *Policy) bool {
	l.over = &Error{Attempts: l.attempts, Last: l.history.last(), History: l.history.list()}
	if !p.Nested {
		l.over.usedUp = l.used
	}
	if p.OnGiveUp != nil {
		p.OnGiveUp(l.ctx, l.over)
	}
	return false
}
