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
	p.check()
	if err := ctx.Err(); err != nil {
		return p.notAttempted(ctx, err)
	}
	if _, limited := ctx.Deadline(); limited || p.AttemptTimeout|p.MaxElapsed != 0 {
		return p.do(ctx, fn, nil)
	}
	// Nothing to be measured, nothing to be cancelled: the loop can wait until
	// there is a failure.
	err := fn(ctx)
	if err != nil {
		return p.do(ctx, fn, err)
	}
	if p.Budget != nil {
		p.Budget.request()
	}
	if p.OnSuccess != nil {
		p.OnSuccess(ctx, 1)
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

// do goes on with what Do has begun. first is the error of the first attempt, nil
// if there was none yet.
func (p *Policy) do(ctx context.Context, fn func(context.Context) error, first error) error {
	l := loop{ctx: ctx}
	if first == nil {
		l.start(p)
	} else if l.attempts = 1; !l.again(p, first) {
		return l.over
	}
	for {
		err := l.attempt(p, fn)
		if err == nil {
			l.succeed(p)
			return nil
		}
		if !l.again(p, err) {
			return l.over
		}
	}
}

func (l *loop) attempt(p *Policy, fn func(context.Context) error) error {
	if p.AttemptTimeout|p.MaxElapsed == 0 {
		return fn(l.mark()) // a deferred call would cost as much again
	}
	ctx, cancel := l.begin(p)
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
