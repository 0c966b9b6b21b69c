package retry

import (
	"context"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// PanicError is what [Hedge] panics with if an attempt does. It carries the value
// and the stack of the attempt.
type PanicError = panics.PanicError

// Hedge calls fn, and if it is late calls it again, at the same time, and returns
// the first result without an error. The others are cancelled by their contexts,
// and Hedge returns when all have ended. It is for calls that can be made twice and
// whose latency is now and then much longer than usual (Dean and Barroso, "The Tail
// at Scale", 2013).
//
// An attempt that fails lets the next one start at once; one whose error is marked
// with [Permanent] ends it all. If none succeeds the error is an [*Error]. If ctx
// has ended, no attempt starts any more, and the Cause is ctx.Err(); but if one
// succeeds all the same, so does Hedge.
//
// Every attempt runs on a goroutine of its own. Its context ends when Hedge
// returns, also that of the one that has succeeded, and results that come too late
// are dropped, so that a result should not be anything that has to be closed.
//
// If an attempt panics, the others are cancelled and awaited, and Hedge panics with
// a [*PanicError], even if another one has succeeded. One that calls
// runtime.Goexit fails for good with [ErrGoexit]. Hedge panics if a field of h is
// out of its range.
func Hedge[T any](ctx context.Context, h Hedging, fn func(ctx context.Context) (T, error)) (T, error) {
	h.check()
	var none T
	if err := ctx.Err(); err != nil {
		return none, &Error{Cause: err}
	}
	if h.Budget != nil {
		h.Budget.request()
	}
	call := hedge[T]{hedging: &h, ctx: ctx, fn: fn, ended: make(chan attempted[T])}
	call.attempts, call.cancel = context.WithCancel(ctx)
	defer call.cancel()
	call.run()
	switch {
	case call.panicked != nil:
		panic(call.panicked)
	case call.won:
		return call.result, nil
	}
	if err := ctx.Err(); err != nil {
		call.cause = err
	}
	return none, &Error{Attempts: call.started, Last: call.last, Cause: call.cause, History: call.history.list()}
}

// hedge is one call of Hedge. It belongs to the goroutine that made that.
//
// Invariant: running of the started attempts have not been received from ended.
type hedge[T any] struct {
	hedging  *Hedging
	ctx      context.Context
	attempts context.Context // of all of them
	cancel   context.CancelFunc
	fn       func(context.Context) (T, error)

	// ended, not a waitq.Queue: each attempt hands over what became of it, nothing is
	// granted that could get lost, and the wait goes on when ctx ends.
	ended   chan attempted[T]
	started int
	running int

	over     bool // no other attempt starts
	won      bool
	result   T
	panicked *PanicError
	last     error
	cause    error
	history  history
}

// attempted is what became of an attempt.
type attempted[T any] struct {
	result    T
	err       error
	permanent bool
	panicked  *PanicError
	began     time.Time
	took      time.Duration
}

// run starts attempts and waits for all of them. The last thing that each does is to
// say that it has ended.
func (c *hedge[T]) run() {
	delay := c.hedging.delay()
	c.start()
	for delay <= 0 && c.more() {
	}
	var late <-chan time.Time
	again := func() {}
	if delay > 0 && c.hedging.maxAttempts() > 1 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		late = timer.C
		again = func() { timer.Reset(delay) }
	}
	for c.running > 0 {
		more := false
		select {
		case a := <-c.ended:
			explore.Point("hedge: an attempt has ended")
			more = c.end(a)
		case <-late:
			explore.Point("hedge: the delay is over")
			more = c.more()
		}
		if more {
			again()
		}
	}
}

// more starts another attempt if there can be one, and reports whether it did.
func (c *hedge[T]) more() bool {
	if c.over || c.started >= c.hedging.maxAttempts() || c.ctx.Err() != nil {
		return false
	}
	if c.hedging.Budget != nil && c.hedging.Budget.retry() == nothing {
		c.cause = ErrBudget
		return false
	}
	c.cause = nil
	c.start()
	return true
}

func (c *hedge[T]) start() {
	c.started++
	c.running++
	go func() {
		a := attempted[T]{err: ErrGoexit, permanent: true, began: time.Now()} // unless it returns or panics
		defer func() {
			if value := recover(); value != nil {
				a.panicked = panics.New(value)
			}
			a.took = time.Since(a.began)
			c.ended <- a
		}()
		explore.Point("hedge: an attempt begins")
		result, err := c.fn(c.attempts)
		mark, _ := find(err) // here, since it calls Unwrap, which is code of the user
		a.result, a.err, a.permanent = result, unmark(err), mark != nil && mark.permanent
	}()
}

// end takes what became of an attempt, and reports whether it has started another
// one.
func (c *hedge[T]) end(a attempted[T]) bool {
	c.running--
	switch {
	case a.panicked != nil:
		if c.panicked == nil {
			c.panicked = a.panicked
		}
		c.stop()
	case c.won:
		// It would have taken longer. To leave it out would make the quantile lower
		// and lower: what is slow would never be counted.
		c.latency(a)
	case c.over:
	case a.err == nil:
		c.won, c.result = true, a.result
		c.latency(a)
		c.stop()
	default:
		c.last = a.err
		c.history.add(a.err)
		if a.permanent {
			c.stop()
		}
		return c.more()
	}
	return false
}

func (c *hedge[T]) latency(a attempted[T]) {
	if c.hedging.Latencies != nil {
		c.hedging.Latencies.Record(a.took)
	}
}

func (c *hedge[T]) stop() {
	c.over, c.cause = true, nil
	c.cancel()
}
