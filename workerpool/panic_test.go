package workerpool

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func goexit(context.Context) error { runtime.Goexit(); return nil }

func panicking(context.Context) error { panic(errTask) }

// Panics and runtime.Goexit are the errors of their tasks, and their worker goes on with
// the state that it had.
func TestPanicAndGoexitKeepTheWorker(t *testing.T) {
	var made, ended int
	state := WorkerState(func(context.Context) (int, error) { made++; return made, nil }, func(int) { ended++ })
	inBubble(t, 1, with(state), func(t *testing.T, p *Pool) {
		var futures []*Future[int]
		for i := range 9 {
			futures = append(futures, submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
				switch i % 3 {
				case 0:
					panic("task " + string(rune('0'+i)))
				case 1:
					runtime.Goexit()
				}
				return State[int](ctx), nil
			}))
		}
		for i, f := range futures {
			switch i % 3 {
			case 0:
				_, err := f.Wait(t.Context())
				var panicked *PanicError
				require.ErrorAs(t, err, &panicked)
				require.Equal(t, "task "+string(rune('0'+i)), panicked.Value)
				require.Contains(t, string(panicked.Stack), "TestPanicAndGoexitKeepTheWorker")
			case 1:
				fails(t, f, ErrGoexit)
			default:
				gives(t, f, 1)
			}
		}
		requireStats(t, p, Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 9, Done: 3, Failed: 6})
		p.Close()
		require.Equal(t, []int{1, 1}, []int{made, ended})
	})
}

func TestOnError(t *testing.T) {
	var mu sync.Mutex
	var errs []error
	onError := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	inBubble(t, 2, with(OnError(onError)), func(t *testing.T, p *Pool) {
		for _, fn := range []func(context.Context) error{slow(0), func(context.Context) error { return errTask }, goexit, panicking} {
			errs = nil
			require.NoError(t, p.Go(t.Context(), fn))
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return 0, fn(ctx) })
			_, err := f.Wait(t.Context())
			for p.Stats().Running > 0 {
				time.Sleep(time.Nanosecond)
			}
			mu.Lock()
			if err == nil {
				require.Empty(t, errs)
			} else {
				require.Len(t, errs, 1, "not that of the future")
				require.ErrorIs(t, errs[0], map[bool]error{true: ErrGoexit, false: errTask}[err == ErrGoexit])
			}
			mu.Unlock()
		}
	})
}

// The hook can end its goroutine too, also within a worker that was lent, and is called
// once for each task.
func TestOnErrorCallsGoexit(t *testing.T) {
	called := 0
	hook := func(error) { called++; runtime.Goexit() }
	inBubble(t, 1, with(OnError(hook)), func(t *testing.T, p *Pool) {
		for range 3 {
			require.NoError(t, p.Go(t.Context(), goexit))
			require.NoError(t, p.Go(t.Context(), panicking))
		}
		gives(t, submit(t, t.Context(), p, value(1)), 1)
		require.Equal(t, 6, called)
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			_ = p.Go(ctx, goexit)
			g, _ := Submit(ctx, p, value(2))
			_ = p.Go(ctx, panicking)
			v, err := g.Wait(ctx)
			return v, err
		})
		gives(t, f, 2)
		p.Close()
	})
}

// The hook sees a consistent pool in which its task runs, and can close that.
func TestOnErrorClosesThePool(t *testing.T) {
	var p *Pool
	var seen Stats
	hook := func(error) {
		seen = p.Stats()
		p.Close()
	}
	inBubble(t, 1, with(OnError(hook)), func(t *testing.T, pool *Pool) {
		p = pool
		require.NoError(t, p.Go(t.Context(), panicking))
		require.NoError(t, p.Shutdown(t.Context()))
		require.NoError(t, identity(seen))
		require.Equal(t, 1, seen.Running)
	})
}
