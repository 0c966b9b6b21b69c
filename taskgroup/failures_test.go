package taskgroup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestFirstFailureCancelsAndComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause atomic.Value
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			for range 3 {
				g.Go(untilCancelled)
			}
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				cause.Store(context.Cause(ctx))
				return fmt.Errorf("clean up: %w", io.ErrShortWrite)
			})
			g.Go(after(time.Second, errBoom))
			<-ctx.Done()
			return fmt.Errorf("body: %w", ctx.Err()) // does not mask the root, nor is it noise
		})
		require.EqualError(t, err, "boom\nclean up: short write")
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, io.ErrShortWrite)
		require.NotErrorIs(t, err, context.Canceled)
		require.Equal(t, errBoom, cause.Load())
	})
}

// The failure is recorded before the context is cancelled: siblings that obey at once
// do not get in before it.
func TestErrorCauseAndRootAgree(t *testing.T) {
	for range 500 / slowdown {
		var causes [8]error
		var ctx context.Context
		err := taskgroup.Run(t.Context(), func(c context.Context, g *group) error {
			ctx = c
			for i := range causes {
				g.Go(func(ctx context.Context) error {
					<-ctx.Done()
					causes[i] = context.Cause(ctx)
					return ctx.Err()
				})
			}
			g.Go(func(context.Context) error { return errBoom })
			<-ctx.Done()
			return ctx.Err()
		})
		require.Equal(t, errBoom, err)
		require.Equal(t, errBoom, context.Cause(ctx))
		for _, cause := range causes {
			require.Equal(t, errBoom, cause)
		}
	}
}

// An error that joins a cancel with anything else is kept.
func TestOnlyPureCancelsAreLeftOut(t *testing.T) {
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		for _, other := range []error{nil, context.Canceled, io.ErrNoProgress} {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				return errors.Join(ctx.Err(), other)
			})
		}
		return errBoom
	})
	require.EqualError(t, err, "boom\ncontext canceled\nmultiple Read calls return no data or error")
}

// hollow is an error with an Unwrap that has nothing to say.
type hollow struct{}

func (hollow) Error() string { return "hollow" }

type hollowOne struct{ hollow }

func (hollowOne) Unwrap() error { return nil }

type hollowMany struct{ hollow }

func (hollowMany) Unwrap() []error { return nil }

// Errors of any type can be failures, also such as cannot be compared.
type errList []error

func (e errList) Error() string   { return "list" }
func (e errList) Unwrap() []error { return e }

func TestOddErrorsAreKept(t *testing.T) {
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		for i, odd := range []error{hollowOne{}, hollowMany{}, errList{}, errList{context.Canceled, nil}, context.DeadlineExceeded} {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Duration(i) * time.Microsecond)
				return odd
			})
		}
		return errList{errBoom}
	}, taskgroup.Name("odd"))
	// errList{Canceled, nil} says no more than that the group was cancelled.
	require.ElementsMatch(t, []error{errList{errBoom}, hollowOne{}, hollowMany{}, errList{}, context.DeadlineExceeded},
		err.(interface{ Unwrap() []error }).Unwrap())
}

func TestOneFailureComesBackAsItIs(t *testing.T) {
	require.Equal(t, errBoom, taskgroup.Run(t.Context(), func(context.Context, *group) error { return errBoom }))
	own := errList{errBoom}
	require.Equal(t, own, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		g.Go(func(context.Context) error { return own })
		return nil
	}))
}

// A context error that has nothing to do with the group's context is a failure.
func TestOwnContextErrorIsAFailure(t *testing.T) {
	for _, own := range []error{context.Canceled, context.DeadlineExceeded} {
		synctest.Test(t, func(t *testing.T) {
			var cause error
			err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
				g.Go(after(time.Second, own))
				<-ctx.Done()
				cause = context.Cause(ctx)
				return nil
			})
			require.Equal(t, own, err)
			require.Equal(t, own, cause)
		})
	}
}

func TestKeepGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			for i := range 5 {
				g.Go(after(time.Duration(5-i)*time.Second, fmt.Errorf("task %d", i)))
			}
			g.Go(func(ctx context.Context) error {
				time.Sleep(10 * time.Second)
				return ctx.Err()
			})
			return errBoom
		}, taskgroup.KeepGoing())
		require.EqualError(t, err, "boom\ntask 4\ntask 3\ntask 2\ntask 1\ntask 0", "in the order in which they happened")
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

// What a nested group reports is one failure of the task that it runs in.
func TestNestedGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			for i := range 3 {
				g.Go(func(ctx context.Context) error {
					return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
						g.Go(untilCancelled)
						g.Go(after(time.Duration(i+1)*time.Second, fmt.Errorf("task %d", i)))
						return nil
					})
				})
			}
			return nil
		})
		require.EqualError(t, err, "task 0")
	})
}

// A group that was ended by the one around it says nothing of that, which does.
func TestEndOfTheGroupAroundIsNotJoined(t *testing.T) {
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		begun := make(chan struct{})
		g.Go(func(ctx context.Context) error {
			return taskgroup.Run(ctx, func(ctx context.Context, _ *group) error {
				close(begun)
				<-ctx.Done()
				return io.ErrShortWrite
			})
		})
		<-begun
		return errBoom
	})
	require.EqualError(t, err, "boom\nshort write")
}
