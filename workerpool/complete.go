package workerpool

import (
	"context"
	"errors"
	"iter"

	"github.com/interleave-go/interleave/boundedbuf"
)

// AsCompleted returns an iterator over futures in the order in which their tasks end,
// those included that fail or are cancelled; those that have ended already come first, as
// they are given. It ends after the last one, or early if ctx ends. If ctx is that of a
// task of the pool, see [Future.Wait].
func AsCompleted[T any](ctx context.Context, futures ...*Future[T]) iter.Seq[*Future[T]] {
	return func(yield func(*Future[T]) bool) {
		if len(futures) == 0 {
			return
		}
		c := newCompletion[T](len(futures))
		defer func() {
			for _, f := range futures {
				f.promise.forget(c)
			}
			c.ended.CloseNow()
		}()
		for _, f := range futures {
			c.add(f)
		}
		for range futures {
			f := c.next(ctx)
			if f == nil || !yield(f) {
				return
			}
		}
	}
}

// A completion gives futures in the order in which their tasks end.
type completion[T any] struct {
	ended *boundedbuf.Buffer[*Future[T]]
	begin []*Future[T] // whose tasks may have to be begun in place of one that waits
}

func newCompletion[T any](most int) *completion[T] {
	return &completion[T]{ended: boundedbuf.New[*Future[T]](most)}
}

func (c *completion[T]) add(f *Future[T]) {
	c.begin = append(c.begin, f)
	f.promise.whenResolved(c, func() { c.ended.TryPut(f) })
}

// next returns the next future, or nil if ctx has ended.
func (c *completion[T]) next(ctx context.Context) *Future[T] {
	if ctx.Err() != nil {
		return nil
	}
	for {
		if f, ok := c.ended.TryGet(); ok {
			return f
		}
		if len(c.begin) == 0 {
			f, _ := c.ended.Get(ctx)
			return f
		}
		f := c.begin[0]
		c.begin = c.begin[1:]
		if !f.promise.help(ctx) {
			return nil
		}
	}
}

// WaitAny waits until the task of one of futures has ended, and returns that future, or
// ctx.Err() if ctx ends, or has ended already. It panics if there are no futures. If ctx is
// that of a task of the pool, see [Future.Wait].
func WaitAny[T any](ctx context.Context, futures ...*Future[T]) (*Future[T], error) {
	if len(futures) == 0 {
		panic("workerpool: WaitAny of nothing")
	}
	for f := range AsCompleted(ctx, futures...) {
		return f, nil
	}
	return nil, ctx.Err()
}

// WaitAll waits until the tasks of all futures have ended, and returns their values in the
// order of futures, with the errors of those that failed joined in the same order. It
// returns ctx.Err() alone if ctx ends, or has ended already. If ctx is that of a task of
// the pool, see [Future.Wait].
func WaitAll[T any](ctx context.Context, futures ...*Future[T]) ([]T, error) {
	values := make([]T, len(futures))
	var failures []error
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, f := range futures {
		if !f.promise.await(ctx) {
			return nil, ctx.Err()
		}
		values[i] = f.value
		if err := f.promise.err; err != nil {
			failures = append(failures, err)
		}
	}
	return values, errors.Join(failures...)
}
