package retry

import "context"

// Do calls fn until it returns nil, until its error is not worth another
// attempt by policy p, or until ctx ends; between attempts it sleeps as p says.
// It returns nil or an [*Error].
//
// fn gets ctx, with p.AttemptTimeout applied to each attempt; the context of an
// attempt may end when fn returns. fn is not called once ctx has ended, not even
// for the first time. If fn succeeds, so does Do, even if ctx has ended by then.
//
// If the next pause would not leave time for a typical attempt before the deadline
// of ctx, which is one as long as the mean of those so far, Do gives up at once:
// the Cause is then context.DeadlineExceeded, as if it had waited.
//
// It panics if a field of p is out of its range.
func Do(ctx context.Context, p Policy, fn func(ctx context.Context) error) error {
	ended := ctx.Err()
	_, limited := ctx.Deadline()
	if ended != nil || limited || p.AttemptTimeout|p.MaxElapsed != 0 || !p.valid() {
		return p.doSlow(ctx, fn, ended)
	}
	// Nothing to be measured, nothing to be cancelled: the loop can wait until
	// there is a failure.
	if err := fn(ctx); err != nil {
		return p.do(ctx, fn, err)
	}
	if p.Budget != nil || p.OnSuccess != nil {
		p.succeed(ctx, 1)
	}
	return nil
}

// Get is [Do] for a function with a result. With an error the result is that of
// the last attempt, which is T's zero value if there was none.
func Get[T any](ctx context.Context, p Policy, fn func(ctx context.Context) (T, error)) (T, error) {
	var result T
	err := Do(ctx, p, func(ctx context.Context) (err error) {
		result, err = fn(ctx)
		return err
	})
	return result, err
}

// doSlow is Do where it is not so simple. ended is ctx.Err().
func (p *Policy) doSlow(ctx context.Context, fn func(context.Context) error, ended error) error {
	p.check()
	if ended != nil {
		return p.notAttempted(ctx, ended)
	}
	return p.do(ctx, fn, nil)
}

// do goes on with what Do has begun. failure is the error of the first attempt, nil
// if there was none yet.
func (p *Policy) do(ctx context.Context, fn func(context.Context) error, failure error) error {
	var l loop // a literal would be made elsewhere, and copied
	l.ctx, l.context = ctx, ctx
	if failure == nil {
		l.start(p)
	} else {
		l.attempts = 1
	}
	for {
		if failure != nil {
			pause, again := l.decide(p, failure)
			atOnce := pause == 0 && p.eager()
			if !again || !atOnce && !l.pause(p, pause) {
				return l.over
			}
		}
		attempt := l.mark()
		if p.AttemptTimeout|p.MaxElapsed == 0 {
			failure = fn(attempt)
		} else {
			failure = l.bounded(p, attempt, fn)
		}
		if failure == nil {
			p.succeed(ctx, l.attempts)
			return nil
		}
	}
}

// bounded is a function of its own since a deferred call costs as much as an attempt,
// even where none is deferred.
func (l *loop) bounded(p *Policy, ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := l.bound(p, ctx)
	defer cancel()
	return fn(ctx)
}

func (p *Policy) notAttempted(ctx context.Context, cause error) *Error {
	err := &Error{Cause: cause}
	if p.OnGiveUp != nil {
		p.OnGiveUp(ctx, err)
	}
	return err
}

// succeed tells that an attempt has succeeded.
func (p *Policy) succeed(ctx context.Context, attempts int) {
	p.request(attempts)
	if p.OnSuccess != nil {
		p.OnSuccess(ctx, attempts)
	}
}

// request counts the first attempt, once it has been made: no step may come between
// the look at ctx and the attempt.
func (p *Policy) request(attempts int) {
	if attempts == 1 && p.Budget != nil {
		p.Budget.request()
	}
}
