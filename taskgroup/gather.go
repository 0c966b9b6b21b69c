package taskgroup

import (
	"context"
	"fmt"
	"sync"

	"github.com/interleave-go/interleave/internal/explore"
)

// Gather calls all fns at the same time, each in a task of its own, and returns
// their results in the order of fns. If one fails, the others are cancelled and
// awaited, and Gather returns no results, and the errors as [Run] does.
//
// Like everything built on Run it panics if a function panicked, and calls none of
// them if ctx has ended.
func Gather[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) ([]T, error) {
	results := make([]T, len(fns))
	err := Run(ctx, func(_ context.Context, g *Group) error {
		for i, fn := range fns {
			g.start(new(details), func(ctx context.Context) (err error) {
				results[i], err = fn(ctx)
				return err
			}, pcOf(fn), nil)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// An Outcome is what a function returned.
type Outcome[T any] struct {
	Value T
	Err   error
}

// Settle calls all fns at the same time, each in a task of its own, waits for all of
// them, and returns what each returned, in the order of fns. One that fails does not
// affect the others. If ctx ends, those that have not are told by their contexts; if
// it has ended already, none is called and all have failed with ctx.Err().
//
// A panic is no outcome: the others are cancelled and awaited, and Settle panics.
func Settle[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) []Outcome[T] {
	outcomes := make([]Outcome[T], len(fns))
	called := false
	err := Run(ctx, func(_ context.Context, g *Group) error {
		called = true
		for i, fn := range fns {
			g.start(new(details), func(ctx context.Context) error {
				o := &outcomes[i]
				o.Err = ErrGoexit // what it is unless fn returns
				o.Value, o.Err = fn(ctx)
				return nil
			}, pcOf(fn), nil)
		}
		return nil
	}, KeepGoing())
	if !called {
		for i := range outcomes {
			outcomes[i].Err = err
		}
	}
	return outcomes
}

// Race calls all fns at the same time, each in a task of its own, and returns the
// first success. The others are cancelled and awaited; what those return that
// succeed nevertheless is dropped. If all fail, Race returns their errors as [Run]
// does, in the order in which they happened. It panics if there are no fns.
func Race[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) (T, error) {
	first, err := Quorum(ctx, 1, fns...)
	if err != nil {
		var zero T
		return zero, err
	}
	return first[0], nil
}

// Quorum calls all fns at the same time, each in a task of its own, and returns the
// first n successes, in the order in which they happened. Once there are n, or cannot
// be any more, the others are cancelled and awaited; what those return that succeed
// nevertheless is dropped. If there are not n successes, Quorum returns the errors
// as [Run] does. It panics if n < 1 or there are fewer than n fns.
func Quorum[T any](ctx context.Context, n int, fns ...func(ctx context.Context) (T, error)) ([]T, error) {
	if n < 1 || n > len(fns) {
		panic(fmt.Sprintf("taskgroup: Quorum of %d among %d", n, len(fns)))
	}
	var (
		mu        sync.Mutex // guards the fields below
		successes []T
		failures  int
	)
	err := Run(ctx, func(_ context.Context, g *Group) error {
		for _, fn := range fns {
			var value T
			d := &details{after: func(err error) {
				mu.Lock()
				if err != nil {
					failures++
				} else if len(successes) < n {
					successes = append(successes, value)
				}
				decided := len(successes) == n || len(fns)-failures < n
				mu.Unlock()
				if decided {
					explore.Point("taskgroup: decided")
					g.cancel(nil)
				}
			}}
			g.start(d, func(ctx context.Context) (err error) {
				value, err = fn(ctx)
				return err
			}, pcOf(fn), nil)
		}
		return nil
	}, KeepGoing())
	if len(successes) == n {
		return successes, nil
	}
	return nil, err
}
