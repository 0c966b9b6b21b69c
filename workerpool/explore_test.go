//go:build explore

package workerpool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// An exploration is a pool and what is done to it.
type exploration struct {
	*explore.Exec
	p                *Pool
	threads, inside  int
	accepted, called int
}

// check explores body with a pool, the numbers of which add up at every instant, no queued
// task of which is without a worker on its way, and which comes to its end.
func check(t *testing.T, name string, cfg explore.Config, newPool func() *Pool, body func(x *exploration)) {
	t.Run(name, func(t *testing.T) {
		explore.Check(t, cfg, func(e *explore.Exec) {
			x := &exploration{Exec: e, p: newPool()}
			body(x)
			x.Always(func() error {
				p := x.p
				p.mu.Lock()
				lost := p.queue.n > p.initializing && !p.searching && !p.paused && (p.idle != nil || p.alive < p.limit)
				over := p.running > p.limit || x.inside > p.limit
				p.mu.Unlock()
				switch {
				case lost:
					return errors.New("a task is queued and nobody comes")
				case over:
					return errors.New("more tasks run than there are workers")
				}
				return identity(p.Stats())
			})
			x.Finally(func() error {
				s := x.p.Stats()
				if s.Submitted != x.accepted || s.Done+s.Failed != x.called || s.Blocked+s.Waiting+s.Running != 0 {
					return fmt.Errorf("%d accepted, %d called: %v", x.accepted, x.called, s)
				}
				return nil
			})
		})
	})
}

// Go registers a thread. The last one to end shuts the pool down.
func (x *exploration) Go(name string, fn func()) {
	x.threads++
	x.Exec.Go(name, func() {
		fn()
		if x.threads--; x.threads == 0 {
			if err := x.p.Shutdown(x.Context()); err != nil {
				x.Failf("shutdown: %v", err)
			}
		}
	})
}

// task counts itself, and that it is inside of a worker.
func (x *exploration) task(context.Context) (int, error) {
	x.called++
	x.inside++
	explore.Point("inside")
	x.inside--
	return 1, nil
}

// submit submits fn, and returns its future or nil.
func (x *exploration) submit(ctx context.Context, fn func(context.Context) (int, error)) *Future[int] {
	f, err := Submit(ctx, x.p, fn)
	if err == nil {
		x.accepted++
	} else if ctx.Err() == nil && !errors.Is(err, ErrClosed) {
		x.Failf("submission: %v", err)
	}
	return f
}

// await waits for f unless it is nil, and fails for other errors than may.
func (x *exploration) await(ctx context.Context, f *Future[int], may ...error) {
	if f == nil {
		return
	}
	if _, err := f.Wait(ctx); err != nil {
		for _, m := range may {
			if errors.Is(err, m) {
				return
			}
		}
		x.Failf("future: %v", err)
	}
}

func pool(workers int, opts ...Option) func() *Pool {
	return func() *Pool { return New(workers, append([]Option{IdleTime(time.Hour)}, opts...)...) }
}

func TestExplore(t *testing.T) {
	few := explore.Config{Random: 3000, Preemptions: 4}
	check(t, "submit, rest and exit", explore.Config{}, pool(1, IdleTime(time.Second)), func(x *exploration) {
		x.Event("second", func() { time.Sleep(time.Second) })
		for _, name := range []string{"one", "other"} {
			x.Go(name, func() { x.await(x.Context(), x.submit(x.Context(), x.task)) })
		}
	})
	check(t, "two workers", few, pool(2, IdleTime(0)), func(x *exploration) {
		ctx, cancel := context.WithCancel(x.Context())
		x.Event("cancel", cancel)
		for i, c := range []context.Context{ctx, ctx, x.Context()} {
			x.Go(fmt.Sprint("submit", i), func() { x.await(x.Context(), x.submit(c, x.task), context.Canceled) })
		}
	})
	check(t, "cancel of a queued task", explore.Config{}, pool(1), func(x *exploration) {
		ctx, cancel := context.WithCancel(x.Context())
		x.Event("cancel", cancel)
		x.Go("submit", func() {
			ran := false
			f := x.submit(ctx, func(c context.Context) (int, error) {
				ran = true
				return x.task(c)
			})
			if f == nil {
				return
			}
			if _, err := f.Wait(x.Context()); ran != (err == nil) {
				x.Failf("ran: %v, %v", ran, err)
			}
		})
		x.Go("other", func() { x.await(x.Context(), x.submit(x.Context(), x.task)) })
	})
	check(t, "context of what follows", few, pool(1), func(x *exploration) {
		ctx, cancel := context.WithCancel(x.Context())
		x.Event("cancel", cancel)
		x.Go("submit", func() {
			f := x.submit(x.Context(), x.task)
			ran := false
			g := Then(ctx, f, func(c context.Context, _ int) (int, error) {
				ran = true
				x.accepted++
				return x.task(c)
			})
			if _, err := g.Wait(x.Context()); ran != (err == nil) {
				x.Failf("ran: %v, %v", ran, err)
			}
			x.await(x.Context(), f)
			x.p.Close()
			x.accepted = x.p.Stats().Submitted // it may have been cancelled in the queue
		})
	})
	check(t, "lend and return", few, pool(1), func(x *exploration) {
		x.Go("submit", func() {
			x.await(x.Context(), x.submit(x.Context(), func(ctx context.Context) (int, error) {
				x.called++
				a, b := x.submit(ctx, x.task), x.submit(ctx, func(ctx context.Context) (int, error) {
					x.called++
					runtime.Goexit()
					return 0, nil
				})
				done := make(chan struct{})
				go func() {
					explore.Point("second goroutine")
					x.await(ctx, b, ErrGoexit)
					close(done)
				}()
				x.await(ctx, a)
				<-done
				explore.Point("both are back")
				return 1, nil
			}))
		})
	})
	check(t, "wait for what follows", few, pool(2), func(x *exploration) {
		x.Go("submit", func() {
			parked := make(chan *Future[int], 1)
			f := x.submit(x.Context(), func(ctx context.Context) (int, error) {
				x.called++
				inner := x.submit(ctx, x.task)
				next := Then(ctx, inner, func(ctx context.Context, _ int) (int, error) {
					x.accepted++
					return x.task(ctx)
				})
				parked <- x.submit(ctx, func(ctx context.Context) (int, error) {
					x.called++
					x.await(ctx, next)
					return 1, nil
				})
				x.await(ctx, inner)
				x.await(ctx, <-parked)
				return 1, nil
			})
			x.await(x.Context(), f)
		})
	})
	check(t, "close, submit and a task", few, pool(1, Queue(0)), func(x *exploration) {
		for _, name := range []string{"one", "other"} {
			x.Go(name, func() { x.await(x.Context(), x.submit(x.Context(), x.task), ErrClosed) })
		}
		x.Go("close", func() {
			x.p.Close()
			if s := x.p.Stats(); s.Workers+s.Running+s.Waiting > 0 {
				x.Failf("closed: %v", s)
			}
		})
	})
	check(t, "blocked submitters", few, pool(1, Queue(0)), func(x *exploration) {
		ctx, cancel := context.WithCancel(x.Context())
		x.Event("cancel", cancel)
		x.Event("2ms", func() { time.Sleep(2 * time.Millisecond) })
		for i, c := range []context.Context{x.Context(), ctx, x.Context()} {
			x.Go(fmt.Sprint("submit", i), func() { x.await(x.Context(), x.submit(c, x.task), context.Canceled) })
		}
	})
	check(t, "shutdown from a task", few, pool(2), func(x *exploration) {
		x.Go("submit", func() {
			for range 2 {
				x.submit(x.Context(), func(ctx context.Context) (int, error) {
					x.called++
					if err := x.p.Shutdown(context.Background()); err != nil {
						x.Failf("shutdown: %v", err)
					}
					return 1, nil
				})
			}
			x.submit(x.Context(), x.task)
			if err := x.p.Shutdown(x.Context()); err != nil {
				x.Failf("outer shutdown: %v", err)
			}
			if s := x.p.Stats(); s.Workers+s.Running+s.Waiting > 0 {
				x.Failf("shut down: %v", s)
			}
		})
	})
	init := func(ctx context.Context) (int, error) {
		explore.Point("initializing")
		return 1, context.Cause(ctx)
	}
	check(t, "state and close", few, pool(2, WorkerState(init, nil)), func(x *exploration) {
		for _, name := range []string{"one", "other"} {
			x.Go(name, func() { x.await(x.Context(), x.submit(x.Context(), x.task), ErrClosed) })
		}
		x.Go("close", func() { x.p.Close() })
	})
	check(t, "pause and resize", few, pool(2), func(x *exploration) {
		for _, name := range []string{"one", "other"} {
			x.Go(name, func() { x.await(x.Context(), x.submit(x.Context(), x.task)) })
		}
		x.Go("pause", func() {
			x.p.Pause()
			explore.Point("paused")
			x.p.Resume()
		})
		x.Go("resize", func() { x.p.Resize(3) })
	})
}

// The last test: no Point may have been left out.
func TestPointsCovered(t *testing.T) { explore.RequireCovered(t, ".") }
