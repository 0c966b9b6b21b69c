package taskgroup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func panicTask(context.Context) error { panic(errBoom) }

func TestPanicOfATaskPanicsInTheCaller(t *testing.T) {
	for _, opts := range [][]taskgroup.Option{nil, {taskgroup.KeepGoing()}, {taskgroup.OnPanic(taskgroup.Propagate), taskgroup.Limit(2)}} {
		synctest.Test(t, func(t *testing.T) {
			siblingEnded := false
			var cause error
			p := recovered(func() {
				_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
					g.Go(func(ctx context.Context) error {
						<-ctx.Done()
						cause = context.Cause(ctx)
						time.Sleep(time.Second)
						siblingEnded = true
						return nil
					})
					g.Go(panicTask)
					return nil
				}, opts...)
				t.Error("Run returned")
			}).(*taskgroup.PanicError)
			require.Equal(t, errBoom, p.Value)
			require.ErrorIs(t, p, errBoom)
			require.Contains(t, string(p.Stack), "panicTask")
			require.True(t, strings.HasPrefix(p.Error(), "panic: boom\n\ngoroutine "))
			require.True(t, siblingEnded, "siblings are cancelled and awaited first")
			require.Equal(t, p, cause)
			require.Empty(t, p.Others)
		})
	}
}

func TestPanicOfTheBodyCancelsAndWaits(t *testing.T) {
	for _, opts := range [][]taskgroup.Option{nil, {taskgroup.KeepGoing()}, {taskgroup.OnPanic(taskgroup.Crash)}} {
		synctest.Test(t, func(t *testing.T) {
			ended := false
			p := recovered(func() {
				_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
					g.Go(func(ctx context.Context) error {
						<-ctx.Done()
						time.Sleep(time.Second)
						ended = true
						return nil
					})
					panic("body")
				}, opts...)
			})
			require.Equal(t, "body", p.(*taskgroup.PanicError).Value)
			require.True(t, ended)
		})
	}
}

type codeError int

func (e codeError) Error() string { return fmt.Sprint("code ", int(e)) }

// Everything that failed next to a panic is told with it.
func TestSeveralPanicsAndFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := recovered(func() {
			_ = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
				late := func(d time.Duration, fn func() error) {
					g.Go(func(context.Context) error {
						time.Sleep(d * time.Second)
						return fn()
					})
				}
				late(1, func() error { return io.ErrShortWrite })
				late(2, func() error { panic("first") })
				late(3, func() error { panic(codeError(3)) })
				late(4, func() error { return errBoom })
				late(5, func() error { panic(io.ErrNoProgress) })
				g.Go(untilCancelled)
				return nil
			})
		}).(*taskgroup.PanicError)
		require.Equal(t, "first", p.Value)
		require.Len(t, p.Others, 4)
		require.Equal(t, io.ErrShortWrite, p.Others[0], "in the order in which they happened")
		require.Equal(t, codeError(3), p.Others[1].(*taskgroup.PanicError).Value)
		require.Equal(t, errBoom, p.Others[2])
		require.Equal(t, io.ErrNoProgress, p.Others[3].(*taskgroup.PanicError).Value)
		for _, err := range []error{io.ErrShortWrite, errBoom, io.ErrNoProgress} {
			require.ErrorIs(t, p, err)
		}
		var code codeError
		require.ErrorAs(t, p, &code)
		require.NotErrorIs(t, p, context.Canceled)
		for _, text := range []string{"panic: first", "and: short write", "and: panic: code 3", "and: boom"} {
			require.Contains(t, p.Error(), text)
		}
	})
}

func TestPanicAsError(t *testing.T) {
	for _, inBody := range []bool{false, true} {
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(untilCancelled)
			if inBody {
				return panicTask(ctx)
			}
			g.Go(panicTask)
			return nil
		}, taskgroup.OnPanic(taskgroup.AsError))
		p, ok := err.(*taskgroup.PanicError)
		require.True(t, ok)
		require.Equal(t, errBoom, p.Value)
		require.Contains(t, string(p.Stack), "panicTask")
	}
}

func TestPanicAsErrorKeepsGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(panicTask)
			g.Go(after(time.Second, errors.New("late")))
			return nil
		}, taskgroup.OnPanic(taskgroup.AsError), taskgroup.KeepGoing())
		require.ErrorIs(t, err, errBoom)
		require.ErrorContains(t, err, "late")
		require.Equal(t, time.Second, time.Since(start))
	})
}

// A panic keeps the stack of where it began through nested groups; a
// *PanicError that a task returns is an error like any other.
func TestPanicThroughNestedGroups(t *testing.T) {
	p := recovered(func() {
		_ = taskgroup.Run(t.Context(), func(ctx context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
					g.Go(panicTask)
					return nil
				})
			})
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				return io.ErrShortWrite
			})
			return nil
		})
	}).(*taskgroup.PanicError)
	require.Equal(t, errBoom, p.Value)
	require.Contains(t, string(p.Stack), "panicTask")
	require.NotContains(t, string(p.Stack), "join")
	require.Equal(t, []error{io.ErrShortWrite}, p.Others)
	require.Equal(t, error(p), taskgroup.Run(t.Context(), func(context.Context, *group) error { return p }))
}

// A panic with a context's error is a panic and not what the end of a context leads to.
func TestPanicWithAContextError(t *testing.T) {
	p := recovered(func() {
		_ = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				panic(ctx.Err())
			})
			return errBoom
		})
	}).(*taskgroup.PanicError)
	require.Equal(t, context.Canceled, p.Value)
	require.Equal(t, []error{errBoom}, p.Others)

	// Also if it comes from a nested group as an error.
	err := taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
		begun := make(chan struct{})
		g.Go(func(ctx context.Context) error {
			return taskgroup.Run(ctx, func(ctx context.Context, _ *group) error {
				close(begun)
				<-ctx.Done()
				panic(ctx.Err())
			}, taskgroup.OnPanic(taskgroup.AsError))
		})
		<-begun
		return errBoom
	})
	require.ErrorIs(t, err, errBoom)
	require.ErrorAs(t, err, &p)
}

func TestOnPanicRefusesUnknownModes(t *testing.T) {
	require.PanicsWithValue(t, "taskgroup: OnPanic(3)", func() { taskgroup.OnPanic(taskgroup.Crash + 1) })
}

// A task of a group that was started before the panic, and waits for its slot, has its
// turn before Run panics.
func TestPanicFreesTheSlot(t *testing.T) {
	ran := false
	p := recovered(func() {
		_ = taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			g.Go(panicTask)
			g.Go(func(ctx context.Context) error {
				ran = ctx.Err() != nil
				return nil
			})
			return nil
		}, taskgroup.Limit(1))
	})
	require.NotNil(t, p)
	require.True(t, ran)
}
