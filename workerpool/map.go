package workerpool

import (
	"context"
	"iter"
)

// Map returns an iterator over the results of fn for the values of seq, in the order of
// seq. fn is called by the workers of p; the calls that were submitted and whose results have
// not been taken are at most sixteen times as many as there may be workers, so that a slow loop slows
// seq down; a full queue does so too, even with [Reject]. seq runs on the goroutine of the loop.
//
// The error of a call comes with its result, and the loop can go on; what a call fails with
// is said at [Future.Wait]. If ctx ends, or the pool is closed, the loop gets the results
// of what was submitted, and at last ctx.Err() or [ErrClosed], unless seq has ended.
//
// When the loop is left, the calls that have not been made are cancelled and the others
// awaited, their contexts having ended.
func Map[T, U any](ctx context.Context, p *Pool, seq iter.Seq[T], fn func(ctx context.Context, v T) (U, error)) iter.Seq2[U, error] {
	return mapSeq(ctx, p, withoutErrors(seq), fn, true)
}

// MapUnordered is [Map], but the results come as soon as they are there, and no more than
// twice as many calls as there may be workers are submitted.
func MapUnordered[T, U any](ctx context.Context, p *Pool, seq iter.Seq[T], fn func(ctx context.Context, v T) (U, error)) iter.Seq2[U, error] {
	return mapSeq(ctx, p, withoutErrors(seq), fn, false)
}

// MapSeq2 is [Map] of the results of another Map: an error that comes with a value of seq
// takes the place of the result, and fn is not called.
func MapSeq2[T, U any](ctx context.Context, p *Pool, seq iter.Seq2[T, error], fn func(ctx context.Context, v T) (U, error)) iter.Seq2[U, error] {
	return mapSeq(ctx, p, seq, fn, true)
}

// MapSeq2Unordered is to [MapSeq2] what [MapUnordered] is to [Map].
func MapSeq2Unordered[T, U any](ctx context.Context, p *Pool, seq iter.Seq2[T, error], fn func(ctx context.Context, v T) (U, error)) iter.Seq2[U, error] {
	return mapSeq(ctx, p, seq, fn, false)
}

func withoutErrors[T any](seq iter.Seq[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seq(func(v T) bool { return yield(v, nil) })
	}
}

func mapSeq[T, U any](ctx context.Context, p *Pool, seq iter.Seq2[T, error], fn func(context.Context, T) (U, error), ordered bool) iter.Seq2[U, error] {
	return func(yield func(U, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		most := 2 * p.size()
		if ordered {
			// One call that takes long holds up the results of those behind it, not them.
			most *= 8
		}
		// What was submitted ends by itself once ctx has: no need to be told twice.
		calls := flight[U]{ctx: context.WithoutCancel(ctx), ordered: ordered, completion: newCompletion[U](most)}
		defer func() { // also when the loop panics or calls runtime.Goexit
			cancel()
			for calls.n > 0 {
				calls.next()
			}
		}()
		take := func() bool {
			f := calls.next()
			return yield(f.value, f.promise.err)
		}
		patient := p.whenFull
		if patient == Reject {
			patient = Block
		}
		var refusal error
		for v, err := range seq {
			if calls.n == most && !take() {
				return
			}
			f, run := promised(p, func(ctx context.Context) (U, error) { return fn(ctx, v) })
			if err != nil {
				f.promise.resolve(err)
			} else if refusal = p.submit(submission{ctx: ctx, run: run, promise: &f.promise, whenFull: patient}, nil); refusal != nil {
				break
			}
			calls.add(f)
		}
		for calls.n > 0 {
			if !take() {
				return
			}
		}
		if refusal != nil {
			var none U
			yield(none, refusal)
		}
	}
}

// A flight is the calls whose results have not been taken.
type flight[T any] struct {
	ctx     context.Context
	n       int
	ordered bool
	inOrder []*Future[T]
	*completion[T]
}

func (c *flight[T]) add(f *Future[T]) {
	c.n++
	if c.ordered {
		c.inOrder = append(c.inOrder, f)
	} else {
		c.completion.add(f)
	}
}

// next waits for the next result.
func (c *flight[T]) next() *Future[T] {
	c.n--
	if !c.ordered {
		return c.completion.next(c.ctx)
	}
	f := c.inOrder[0]
	c.inOrder = c.inOrder[1:]
	f.promise.await(c.ctx)
	return f
}

// size returns how many workers there may be.
func (p *Pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit
}
