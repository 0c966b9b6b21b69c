package workerpool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type ctxKey string

// withContext runs fn in a task that was submitted with ctx, and returns the task's context.
func withContext(t *testing.T, p *Pool, ctx context.Context, fn func(ctx context.Context)) context.Context {
	t.Helper()
	f := submit(t, ctx, p, func(ctx context.Context) (context.Context, error) {
		if fn != nil {
			fn(ctx)
		}
		return ctx, nil
	})
	ctx, err := f.Wait(t.Context())
	require.NoError(t, err)
	return ctx
}

func TestTaskContextCarriesValuesAndDeadline(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		parent, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey("k"), "v"), time.Minute)
		defer cancel()
		look := func(ctx context.Context) {
			require.Equal(t, "v", ctx.Value(ctxKey("k")))
			require.Nil(t, ctx.Value(ctxKey("other")))
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, time.Now().Add(time.Minute), deadline)
		}
		kept := withContext(t, p, parent, func(ctx context.Context) {
			look(ctx)
			require.NoError(t, ctx.Err())
			require.NoError(t, context.Cause(ctx))
			_ = ctx.Done()
			look(ctx)
		})
		look(kept)
		_, ok := withContext(t, p, t.Context(), nil).Deadline()
		require.False(t, ok)
	})
}

// The context ends with that of the submitter, at the same instant and with its cause.
func TestTaskContextEndsWithTheSubmitters(t *testing.T) {
	for _, asked := range []bool{false, true} {
		inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
			parent, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(errTask) })
			kept := withContext(t, p, parent, func(ctx context.Context) {
				if asked {
					_ = ctx.Done()
				}
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, context.Canceled, ctx.Err())
				require.Equal(t, errTask, context.Cause(ctx))
				<-ctx.Done()
			})
			require.Equal(t, context.Canceled, kept.Err())
			require.Equal(t, errTask, context.Cause(kept))
		})
		// The error stays what it was when the task has ended.
		inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
			parent, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			kept := withContext(t, p, parent, func(ctx context.Context) {
				if asked {
					_ = ctx.Done()
				}
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, context.DeadlineExceeded, ctx.Err())
			})
			require.Equal(t, context.DeadlineExceeded, kept.Err())
			<-kept.Done()
		})
	}
}

func TestTaskContextEndsWithClose(t *testing.T) {
	uses := map[string]func(ctx context.Context) error{
		"done":  untilEnd,
		"err":   func(ctx context.Context) error { time.Sleep(time.Second); return ctx.Err() },
		"cause": func(ctx context.Context) error { time.Sleep(time.Second); return context.Cause(ctx) },
		"later": func(ctx context.Context) error { time.Sleep(time.Second); return untilEnd(ctx) },
		"child": func(ctx context.Context) error {
			c, stop := context.WithTimeout(ctx, time.Hour)
			defer stop()
			return untilEnd(c)
		},
		"children": func(ctx context.Context) error { return untilEnd(context.WithValue(ctx, ctxKey("k"), 1)) },
		"told": func(ctx context.Context) error {
			told := make(chan error)
			context.AfterFunc(ctx, func() { told <- context.Cause(ctx) })
			return <-told
		},
	}
	for name, use := range uses {
		inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return 0, use(ctx) })
			time.Sleep(time.Second / 2)
			p.Close()
			if name == "err" {
				fails(t, f, context.Canceled)
			} else {
				fails(t, f, ErrClosed)
			}
		})
	}
}

// The context is over when the task is, whether it was asked for or not.
func TestTaskContextIsOverAfterTheTask(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		over := func(ctx context.Context) {
			require.Equal(t, context.Canceled, ctx.Err())
			require.Equal(t, context.Canceled, context.Cause(ctx))
			<-ctx.Done()
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			require.Equal(t, context.Canceled, child.Err())
		}
		over(withContext(t, p, t.Context(), nil))
		over(withContext(t, p, context.Background(), nil))
		var child context.Context
		over(withContext(t, p, t.Context(), func(ctx context.Context) {
			var cancel context.CancelFunc
			child, cancel = context.WithCancel(ctx)
			t.Cleanup(cancel)
			_ = ctx.Done()
		}))
		over(child)
		_, err := Submit(child, p, value(1))
		require.Equal(t, context.Canceled, err)
	})
}

// What is derived from the context of a task needs no goroutine, and a submitter's context
// is not asked for tasks that do not look at theirs.
func TestTaskContextNeedsNoGoroutine(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		parent, cancel := newAsked(t)
		defer cancel()
		withContext(t, p, parent, func(ctx context.Context) {
			before := goroutines()
			for range 10 {
				_, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				_, cancel = context.WithCancel(ctx)
				defer cancel()
				defer context.AfterFunc(ctx, func() {})()
			}
			require.Equal(t, before, goroutines())
			require.LessOrEqual(t, parent.total, 2, "once by the watch and once by the context")
		})
		require.Zero(t, parent.count())
	})
}

// Several goroutines ask for the context while the task and the pool end.
func TestTaskContextRaces(t *testing.T) {
	for range 500 / slowdown {
		p := New(1)
		for range 2 {
			require.NoError(t, p.Go(t.Context(), func(ctx context.Context) error {
				for range 3 {
					go func() {
						_ = ctx.Err()
						<-ctx.Done()
						_ = context.Cause(ctx)
					}()
				}
				return nil
			}))
		}
		p.Close()
	}
}

// Two ask for the context at once: they get the same one.
func TestTaskContextIsAskedForTwice(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		parent, cancel := newAsked(t)
		defer cancel()
		withContext(t, p, parent, func(ctx context.Context) {
			synctest.Wait() // the watch asks first
			var first <-chan struct{}
			parent.onAsk = func() {
				parent.onAsk = nil
				first = ctx.Done()
			}
			second := ctx.Done()
			require.NotNil(t, first)
			require.True(t, first == second)
		})
		require.Zero(t, parent.count())
	})
}

// A comparison of these panics, and so does one of what holds them.
type incomparable struct {
	context.Context
	values []int
}

type holder struct{ context.Context }

// As small as Background, but not to be compared either.
type nothing [0]func()

func (nothing) Deadline() (deadline time.Time, ok bool) { return }
func (nothing) Done() <-chan struct{}                   { return nil }
func (nothing) Err() error                              { return nil }
func (nothing) Value(any) any                           { return nil }

// Tasks of one worker have the values of their own submitters, whatever their contexts are.
func TestTaskContextIsOfItsOwnSubmitter(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		with := func(v int) context.Context { return context.WithValue(t.Context(), ctxKey("v"), v) }
		one, two := with(1), with(2)
		contexts := []context.Context{
			one, one, two, one, holder{two}, holder{two}, holder{one}, two,
			incomparable{one, nil}, incomparable{one, nil}, incomparable{two, nil},
			holder{incomparable{two, nil}}, holder{incomparable{two, nil}}, context.Background(), context.TODO(), nothing{}, nothing{}, one,
		}
		p.Pause()
		var got []any
		var kept []context.Context
		for _, ctx := range contexts {
			require.NoError(t, p.Go(ctx, func(ctx context.Context) error {
				kept = append(kept, ctx)
				got = append(got, ctx.Value(ctxKey("v")))
				return nil
			}))
		}
		require.NoError(t, p.Shutdown(t.Context()))
		require.Equal(t, []any{1, 1, 2, 1, 2, 2, 1, 2, 1, 1, 2, 2, 2, nil, nil, nil, nil, 1}, got)
		for i, ctx := range kept {
			require.Equal(t, got[i], ctx.Value(ctxKey("v")), "%d", i)
		}
	})
}
