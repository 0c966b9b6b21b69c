package workerpool

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// conn is a state that tells whether it is used as one may.
type conn struct {
	inUse, closed atomic.Bool
	uses          atomic.Int64
}

func (c *conn) use(d time.Duration) error {
	if c.closed.Load() || !c.inUse.CompareAndSwap(false, true) {
		return errors.New("misused")
	}
	defer c.inUse.Store(false)
	c.uses.Add(1)
	time.Sleep(d)
	return nil
}

// Each worker has its state made before its first task and ended after its last, and no
// two tasks have the same one at a time.
func TestWorkerState(t *testing.T) {
	var made, uses, ended atomic.Int64
	state := WorkerState(
		func(context.Context) (*conn, error) { made.Add(1); return new(conn), nil },
		func(c *conn) {
			time.Sleep(time.Second)
			ended.Add(1)
			uses.Add(c.uses.Load())
			c.closed.Store(true)
		})
	inBubble(t, 3, with(state, RetireAfter(5)), func(t *testing.T, p *Pool) {
		var futures []*Future[int]
		for i := range 100 {
			futures = append(futures, submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
				return i, State[*conn](ctx).use(time.Duration(i%7) * time.Millisecond)
			}))
		}
		for i, f := range futures {
			gives(t, f, i)
		}
		require.NoError(t, p.Shutdown(t.Context()))
		require.GreaterOrEqual(t, made.Load(), int64(20))
		require.Equal(t, made.Load(), ended.Load(), "Shutdown waits for it")
		require.EqualValues(t, 100, uses.Load())
	})
}

func TestFailingInitBreaksThePool(t *testing.T) {
	inits := map[string]func(context.Context) (int, error){
		"error":  func(context.Context) (int, error) { return 0, errTask },
		"panic":  func(context.Context) (int, error) { panic(errTask) },
		"goexit": func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
	}
	for name, init := range inits {
		cause := errTask
		if name == "goexit" {
			cause = ErrGoexit
		}
		teardown := func(int) { panic("there is nothing to end") }
		slowly := func(ctx context.Context) (int, error) { time.Sleep(time.Second); return init(ctx) }
		inBubble(t, 1, with(Queue(1), WorkerState(slowly, teardown)), func(t *testing.T, p *Pool) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			first := submit(t, t.Context(), p, value(1))
			second := submit(t, ctx, p, value(1))
			then := Then(t.Context(), first, func(context.Context, int) (int, error) { return 1, nil })
			takes(t, time.Second, func() {
				var broken *InitError
				require.ErrorAs(t, p.Go(t.Context(), slow(0)), &broken, "waits for room")
				require.ErrorIs(t, broken.Err, cause)
				require.Contains(t, broken.Error(), "workerpool: worker not ready: ")
			})
			fails(t, first, cause)
			fails(t, second, cause)
			fails(t, then, cause)
			var broken *InitError
			require.ErrorAs(t, p.Go(t.Context(), slow(0)), &broken)
			require.NoError(t, p.Shutdown(t.Context()))
			requireStats(t, p, Stats{Limit: 1, Closed: true, Submitted: 2, Cancelled: 2})
		})
	}
}

// What follows a task that ran is not begun by a broken pool.
func TestThenInABrokenPool(t *testing.T) {
	n := 0
	init := func(context.Context) (int, error) {
		if n++; n == 2 {
			return 0, errTask
		}
		return n, nil
	}
	inBubble(t, 2, with(WorkerState(init, nil)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, after(time.Second, 1))
		g := Then(t.Context(), f, func(context.Context, int) (int, error) { return 2, nil })
		synctest.Wait()
		h := submit(t, t.Context(), p, value(3))
		fails(t, h, errTask)
		gives(t, f, 1)
		fails(t, g, errTask)
	})
}

func TestCloseCancelsInit(t *testing.T) {
	init := func(ctx context.Context) (int, error) { return 0, untilEnd(ctx) }
	inBubble(t, 2, with(WorkerState(init, nil)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, value(1))
		synctest.Wait()
		takes(t, 0, p.Close)
		fails(t, f, ErrClosed)
	})
	inBubble(t, 2, with(WorkerState(init, nil)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, value(1)) // the worker has not come yet
		takes(t, 0, p.Close)
		fails(t, f, ErrClosed)
	})
}

// A worker that takes long to get ready keeps no task from another one.
func TestSlowInitDelaysNobody(t *testing.T) {
	var n atomic.Int64
	init := func(context.Context) (int, error) {
		if n.Add(1) == 2 {
			time.Sleep(time.Hour)
		}
		return 1, nil
	}
	inBubble(t, 3, with(WorkerState(init, nil), IdleTime(time.Minute)), func(t *testing.T, p *Pool) {
		takes(t, time.Second, func() {
			first := submit(t, t.Context(), p, after(time.Second, 1))
			synctest.Wait()
			second := submit(t, t.Context(), p, value(2)) // its worker takes an hour
			synctest.Wait()
			third := submit(t, t.Context(), p, value(3)) // which has another one come
			gives(t, third, 3)
			gives(t, second, 2)
			gives(t, first, 1)
		})
		synctest.Wait()
		takes(t, 0, func() { gives(t, submit(t, t.Context(), p, value(4)), 4) })
	})
	n.Store(0)
	inBubble(t, 2, with(WorkerState(init, nil), IdleTime(time.Minute)), func(t *testing.T, p *Pool) {
		first := submit(t, t.Context(), p, after(time.Second, 1))
		synctest.Wait()
		submit(t, t.Context(), p, value(2))
		gives(t, first, 1)
		synctest.Wait()
		// The slow one is on its way to no task, and the first one is idle.
		takes(t, 0, func() { gives(t, submit(t, t.Context(), p, value(3)), 3) })
	})
}

func TestTeardownCallsGoexit(t *testing.T) {
	state := WorkerState(value(1), func(int) { runtime.Goexit() })
	inBubble(t, 1, with(state, IdleTime(0)), func(t *testing.T, p *Pool) {
		gives(t, submit(t, t.Context(), p, value(1)), 1)
		gives(t, submit(t, t.Context(), p, value(2)), 2)
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

func TestStateMisuse(t *testing.T) {
	inBubble(t, 1, with(WorkerState(value(1), nil)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, func(ctx context.Context) (context.Context, error) {
			require.PanicsWithValue(t, "workerpool: State of another type than int", func() { State[string](ctx) })
			q := New(1)
			defer q.Close()
			g, err := Submit(ctx, q, func(ctx context.Context) (int, error) { return State[int](ctx), nil })
			if err == nil {
				_, err = g.Wait(ctx)
			}
			require.ErrorContains(t, err, "workerpool: State of another type than <nil>", "that of the innermost task")
			return ctx, nil
		})
		ctx, err := f.Wait(t.Context())
		require.NoError(t, err)
		require.PanicsWithValue(t, "workerpool: State outside of a task", func() { State[int](ctx) })
	})
}
