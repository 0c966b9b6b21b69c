package retry

import (
	"context"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// loop is what one series of attempts knows. Its methods are called in turn by
// one goroutine: start, then begin, decide and pause until one of these is false.
// They get the policy each time, since a loop that pointed to it would move it to
// the heap.
//
// Invariants:
//   - attempts is how many have begun, history.n how many have failed. inside is what
//     a Do within the first one used up beyond that one: it counts as well.
//   - over is nil until there will be no other attempt because of a failure.
type loop struct {
	ctx     context.Context // the caller's
	context context.Context // of the next attempt: ctx, and nestedIn(ctx) after the first

	attempts int
	inside   int
	history  history
	over     *Error

	previous time.Duration // the pause before
	charged  charge        // for the attempt to come, if there is a budget

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
		l.limit = now + max(0, min(time.Until(deadline), farthest))
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
	return l.bound(p, l.mark())
}

// mark counts an attempt and returns its context without a limit.
func (l *loop) mark() context.Context {
	if l.limited {
		l.began = time.Since(epoch)
	}
	l.attempts++
	return l.context
}

// bound limits the context of an attempt that has begun.
func (l *loop) bound(p *Policy, ctx context.Context) (context.Context, context.CancelFunc) {
	if timeout, cause := l.timeout(p, l.began); timeout > 0 {
		return context.WithTimeoutCause(ctx, timeout, cause)
	}
	return ctx, nil
}

// timeout returns how long what has begun at a time may take by the policy, and what
// it is if it takes longer; zero if there is no limit.
func (l *loop) timeout(p *Policy, began time.Duration) (time.Duration, error) {
	if p.MaxElapsed > 0 {
		// Not below 1: the clock has gone on since somebody looked at it.
		if left := max(1, l.elapsed-began); p.AttemptTimeout == 0 || left < p.AttemptTimeout {
			return left, ErrElapsed
		}
	}
	return p.AttemptTimeout, ErrAttemptTimeout
}

// decide takes the error of an attempt, and returns the pause if there is to be
// another one. A budget has then been charged for it. Otherwise it has set over.
func (l *loop) decide(p *Policy, err error) (pause time.Duration, again bool) {
	l.history.add(unmark(err))
	if l.limited || p.Budget != nil {
		l.count(p)
	}
	explore.Point("retry: an attempt has failed")
	mark, inner := find(err)
	if err := l.ctx.Err(); err != nil {
		return 0, l.giveUp(p, err)
	}
	if inner != nil && l.attempts == 1 {
		l.inside = max(0, inner.usedUp-1)
	}
	switch {
	case mark != nil && mark.permanent, mark == nil && p.Retryable != nil && !p.Retryable(err):
		return 0, l.giveUp(p, nil)
	case l.attempts+l.inside >= p.maxAttempts(), l.attempts == 1 && !p.Nested && isNested(l.ctx):
		return 0, l.useUp(p)
	case mark == nil:
		if p.BaseDelay >= 0 {
			pause = p.delay(l.attempts, l.previous)
			l.previous = pause
		}
	default:
		pause = min(mark.after, p.maxDelay())
		if pause < mark.after && p.StrictAfter {
			return 0, l.giveUp(p, &TooLongError{Asked: mark.after, Max: pause})
		}
	}
	if l.limited && l.tooLate(p, pause) {
		return 0, l.giveUp(p, l.reached)
	}
	if p.Budget != nil {
		if l.charged = p.Budget.retry(); l.charged == nothing {
			return 0, l.giveUp(p, ErrBudget)
		}
	}
	if l.attempts == 1 {
		l.context = nestedIn(l.ctx)
	}
	return pause, true
}

// count counts a failure.
func (l *loop) count(p *Policy) {
	p.request(l.attempts)
	if l.limited {
		l.spent += time.Since(epoch) - l.began
	}
}

// tooLate reports whether a pause would not leave time for a typical attempt or, if
// there is no pause, whether no attempt must begin any more.
func (l *loop) tooLate(p *Policy, pause time.Duration) bool {
	now := time.Since(epoch)
	if pause == 0 {
		return p.MaxElapsed > 0 && now >= l.elapsed // ctx ends by itself
	}
	left := l.limit - now
	return left <= pause || left-pause < l.spent/time.Duration(l.attempts)
}

// pause sleeps, and reports whether there will be another attempt. Otherwise it has
// set over.
func (l *loop) pause(p *Policy, d time.Duration) bool {
	if p.OnRetry != nil {
		p.OnRetry(l.ctx, l.attempts, l.history.last(), d)
	}
	// What came since decide took time: the hook, the rest of the body of a response.
	late := l.limited && l.tooLate(p, d)
	if d > 0 && !late {
		sleep(l.ctx, d)
		late = l.tooLate(p, 0)
	}
	err := l.ctx.Err()
	switch {
	case err != nil:
	case late:
		err = l.reached
	default:
		return true
	}
	if p.Budget != nil {
		p.Budget.refund(l.charged)
	}
	return l.giveUp(p, err)
}

// eager reports whether nothing by p comes between the look of decide at ctx and an
// attempt that follows without a pause, so that another look would find the same.
func (p *Policy) eager() bool {
	return p.BaseDelay < 0 && p.Retryable == nil && p.OnRetry == nil && p.Budget == nil
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
		l.over.usedUp = l.attempts + l.inside
	}
	if p.OnGiveUp != nil {
		p.OnGiveUp(l.ctx, l.over)
	}
	return false
}
