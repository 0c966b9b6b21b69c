package workerpool

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWait(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, func(context.Context) (int, error) { time.Sleep(2 * time.Second); return 4, errTask })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		takes(t, time.Second, func() {
			_, err := f.Wait(ctx)
			require.Equal(t, context.DeadlineExceeded, err)
		})
		done := f.Done()
		require.False(t, resolved(f))
		takes(t, time.Second, func() {
			v, err := f.Wait(t.Context())
			require.Equal(t, 4, v, "it comes with the error")
			require.Equal(t, errTask, err)
		})
		<-done
		<-f.Done()
		v, err := f.Wait(ctx)
		require.Equal(t, context.DeadlineExceeded, err, "it has ended")
		require.Zero(t, v)
	})
}

// All who wait for a future see its result.
func TestFutureIsRaceFree(t *testing.T) {
	p := New(2)
	defer p.Close()
	for i := range 300 / slowdown {
		f, err := Submit(t.Context(), p, func(context.Context) ([]int, error) { return []int{i}, nil })
		require.NoError(t, err)
		var wg sync.WaitGroup
		var good atomic.Int64
		for range 4 {
			wg.Go(func() {
				if v, err := f.Wait(t.Context()); err == nil && slices.Equal(v, []int{i}) {
					good.Add(1)
				}
			})
			wg.Go(func() {
				<-f.Done()
				if f.value[0] == i {
					good.Add(1)
				}
			})
			wg.Go(func() {
				v, err := Then(t.Context(), f, func(_ context.Context, v []int) (int, error) { return v[0], nil }).Wait(t.Context())
				if err == nil && v == i {
					good.Add(1)
				}
			})
			wg.Go(func() {
				if g, err := WaitAny(t.Context(), f); err == nil && g.value[0] == i {
					good.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 16, good.Load())
	}
}

// A future holds neither its function nor its context nor those of what follows it, however
// its task ended.
func TestFutureHoldsItsResultOnly(t *testing.T) {
	type payload struct{ _ [1 << 10]byte }
	type key struct{}
	p := New(1, IdleTime(0))
	defer p.Close()
	var collected atomic.Int64
	held := 0
	hold := func() *payload {
		held++
		v := new(payload)
		runtime.AddCleanup(v, func(int) { collected.Add(1) }, 0)
		return v
	}
	var kept []*Future[int]
	func() {
		for i := range 4 {
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, hold()))
			inFn, inThen := hold(), hold()
			p.Pause()
			f := submit(t, ctx, p, func(context.Context) (int, error) {
				runtime.KeepAlive(inFn)
				if i == 1 {
					return 0, errTask
				}
				return 1, nil
			}, Priority(i%2))
			g := Then(ctx, f, func(context.Context, int) (int, error) {
				runtime.KeepAlive(inThen)
				return 1, nil
			})
			kept = append(kept, f, g)
			if i == 2 {
				cancel()
			} else {
				defer cancel()
			}
			p.Resume()
			_, _ = f.Wait(t.Context())
			_, _ = g.Wait(t.Context())
		}
	}()
	for collected.Load() < int64(held) { // or the test times out
		runtime.GC()
	}
	runtime.KeepAlive(kept)
}

// Nor does the queue of a pool hold what was cancelled in it, before its turn comes.
func TestQueueHoldsNothingCancelled(t *testing.T) {
	p := New(1)
	defer p.Close()
	p.Pause()
	var collected atomic.Int64
	func() {
		for range 20 { // more than the first ring takes
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			v := new([1 << 10]byte)
			runtime.AddCleanup(v, func(int) { collected.Add(1) }, 0)
			require.NoError(t, p.Go(ctx, func(context.Context) error { v[0]++; return nil }))
		}
	}()
	for collected.Load() < 20 {
		runtime.GC()
	}
}

func TestThen(t *testing.T) {
	inBubble(t, 1, with(Queue(1)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, after(time.Second, 1))
		half := Then(t.Context(), f, func(_ context.Context, v int) (float64, error) { return float64(v) / 2, nil })
		bad := Then(t.Context(), half, func(context.Context, float64) (int, error) { return 0, errTask })
		carried := Then(t.Context(), bad, func(context.Context, int) (string, error) { panic("called") })
		submit(t, t.Context(), p, value(0)) // the queue is full, which does not matter
		takes(t, time.Second, func() { gives(t, half, 0.5) })
		fails(t, carried, errTask)
		late := Then(t.Context(), half, func(_ context.Context, v float64) (float64, error) { return v + 1, nil }, Priority(1))
		gives(t, late, 1.5)
		fails(t, Then(t.Context(), bad, func(context.Context, int) (string, error) { panic("called") }), errTask)
		require.Nil(t, late.promise.after)
	})
}

func TestThenContext(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, after(2*time.Second, 1))
		ctx, cancel := newAsked(t)
		time.AfterFunc(time.Second, cancel)
		before := Then(ctx, f, func(context.Context, int) (int, error) { panic("called") })
		other, cancelOther := newAsked(t)
		running := Then(other, f, func(ctx context.Context, _ int) (int, error) { return 0, untilEnd(ctx) })
		queued := Then(other, f, func(context.Context, int) (int, error) { panic("called") })
		takes(t, time.Second, func() { fails(t, before, context.Canceled) })
		require.Len(t, f.promise.then, 2, "it does not wait for its turn")
		ended := Then(ctx, f, func(context.Context, int) (int, error) { panic("called") })
		takes(t, 0, func() { fails(t, ended, context.Canceled) })
		gives(t, f, 1)
		ended = Then(ctx, f, func(context.Context, int) (int, error) { panic("called") })
		takes(t, 0, func() { fails(t, ended, context.Canceled) })
		synctest.Wait()
		takes(t, 0, cancelOther)
		fails(t, running, context.Canceled)
		fails(t, queued, context.Canceled)
		require.Zero(t, ctx.count())
		require.Zero(t, other.count())
	})
}

func TestLongChains(t *testing.T) {
	inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
		add := func(_ context.Context, v int) (int, error) { return v + 1, nil }
		for _, cause := range []error{nil, errTask} {
			first := submit(t, t.Context(), p, func(context.Context) (int, error) { time.Sleep(time.Nanosecond); return 0, cause })
			last := first
			for range 10_000 {
				last = Then(t.Context(), last, add)
			}
			if cause == nil {
				gives(t, last, 10_000)
			} else {
				fails(t, last, cause)
			}
		}
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { // awaited from within
			last, err := Submit(ctx, p, value(0))
			if err != nil {
				return 0, err
			}
			for range 10_000 {
				last = Then(ctx, last, add)
			}
			return last.Wait(ctx)
		})
		gives(t, f, 10_000)
	})
}

// Chains through a shutdown run to their end.
func TestThenThroughShutdown(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		last := submit(t, t.Context(), p, after(time.Second, 0))
		for range 5 {
			last = Then(t.Context(), last, func(_ context.Context, v int) (int, error) { time.Sleep(time.Second); return v + 1, nil })
		}
		time.AfterFunc(time.Second/2, func() { _ = p.Shutdown(context.Background()) })
		takes(t, 6*time.Second, func() { gives(t, last, 5) })
	})
}
