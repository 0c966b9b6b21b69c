package workerpool

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A task whose context ends while it is queued is not run; its future fails and its place
// is free at that instant.
func TestCancelledInTheQueue(t *testing.T) {
	for _, opts := range [][]TaskOption{nil, {Priority(1)}, {Priority(-1)}} {
		inBubble(t, 1, with(Queue(1)), func(t *testing.T, p *Pool) {
			require.NoError(t, p.Go(t.Context(), slow(time.Hour)))
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			f := submit(t, ctx, p, func(context.Context) (int, error) { panic("called") }, opts...)
			takes(t, time.Second, func() {
				require.NoError(t, p.Go(t.Context(), slow(0)), "waits for room")
				require.True(t, resolved(f))
				fails(t, f, context.DeadlineExceeded)
			})
			requireStats(t, p, Stats{Limit: 1, Workers: 1, Submitted: 3, Running: 1, Waiting: 1, Cancelled: 1})
		})
	}
}

// A worker may come to a task after its context ended and before the watch has.
func TestCancelledTaskIsNotRunByAFasterWorker(t *testing.T) {
	var errs []error
	for range 200 {
		inBubble(t, 4, with(OnError(func(err error) { errs = append(errs, err) })), func(t *testing.T, p *Pool) {
			p.Pause()
			ctx, cancel := context.WithCancel(t.Context())
			f := submit(t, ctx, p, func(context.Context) (int, error) { panic("called") })
			require.NoError(t, p.Go(ctx, func(context.Context) error { panic("called") }))
			cancel()
			p.Resume()
			fails(t, f, context.Canceled)
			synctest.Wait()
			s := p.Stats()
			require.Equal(t, 2, s.Cancelled, s.String())
			require.NoError(t, identity(s))
		})
	}
	require.Empty(t, errs)
}

func TestManyTasksOfOneContext(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		p.Pause()
		ctx, cancel := context.WithCancel(t.Context())
		var gone, stay []*Future[int]
		for i := range 100 {
			gone = append(gone, submit(t, ctx, p, value(i), Priority(i%3)))
			stay = append(stay, submit(t, t.Context(), p, value(i), Priority(i%3)))
			_ = p.Go(ctx, slow(0))
		}
		cancel()
		requireStats(t, p, Stats{Limit: 1, Paused: true, Submitted: 300, Waiting: 100, Cancelled: 200})
		p.Resume()
		for i := range gone {
			fails(t, gone[i], context.Canceled)
			gives(t, stay[i], i)
		}
		require.Equal(t, context.Canceled, p.Go(ctx, slow(0)))
	})
}

func TestManyTasksOfManyContexts(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		p.Pause()
		var futures []*Future[int]
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
			defer cancel()
			futures = append(futures, submit(t, ctx, p, value(i)))
		}
		time.Sleep(50*time.Second + time.Millisecond)
		p.Resume()
		for i, f := range futures {
			if i < 50 {
				fails(t, f, context.DeadlineExceeded)
			} else {
				gives(t, f, i)
			}
		}
	})
}

// asked is a context that notes who is to be told of its end. It is of no type that the
// package context knows, so that all who wait for it call AfterFunc.
type asked struct {
	context.Context
	mu         sync.Mutex
	registered int
	total      int
	onAsk      func()
}

// Value keeps it from being known for what it is made of.
func (a *asked) Value(any) any { return nil }

func (a *asked) AfterFunc(fn func()) (stop func() bool) {
	if a.onAsk != nil {
		a.onAsk()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.registered++
	a.total++
	end := context.AfterFunc(a.Context, func() {
		a.mu.Lock()
		a.registered--
		a.mu.Unlock()
		fn()
	})
	return func() bool {
		stopped := end()
		if stopped {
			a.mu.Lock()
			a.registered--
			a.mu.Unlock()
		}
		return stopped
	}
}

func (a *asked) count() int {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.registered
}

func newAsked(t *testing.T) (*asked, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	return &asked{Context: ctx}, cancel
}

// A context is asked once for all of its queued tasks, and not any more when the pool is
// idle or at its end, whatever ended them.
func TestWatchesEnd(t *testing.T) {
	ends := map[string]func(p *Pool){
		"idle":     func(p *Pool) { p.Resume() },
		"close":    func(p *Pool) { p.Close() },
		"shutdown": func(p *Pool) { _ = p.Shutdown(context.Background()) },
	}
	for name, end := range ends {
		for _, opts := range [][]Option{nil, {IdleTime(0)}, {RetireAfter(1)}} {
			inBubble(t, 2, opts, func(t *testing.T, p *Pool) {
				p.Pause()
				a, cancelA := newAsked(t)
				b, cancelB := newAsked(t)
				defer cancelA()
				defer cancelB()
				for range 10 {
					require.NoError(t, p.Go(a, slow(0)))
					require.NoError(t, p.Go(b, slow(0)))
				}
				require.Equal(t, 1, a.count(), name)
				require.Equal(t, 1, b.count(), name)
				end(p)
				require.Zero(t, a.count(), name)
				require.Zero(t, b.count(), name)
				require.Equal(t, 1, a.total)
				p.mu.Lock()
				require.Empty(t, p.watches.byDone)
				require.Nil(t, p.watches.latest)
				p.mu.Unlock()
			})
		}
	}
}

// With tasks that come one after the other to a busy worker the context is asked once.
func TestWatchIsKept(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		a, cancel := newAsked(t)
		defer cancel()
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			for i := range 5 {
				f, err := Submit(a, p, value(i))
				if err != nil {
					return 0, err
				}
				_, _ = f.Wait(ctx)
			}
			return 5, nil
		})
		gives(t, f, 5)
		require.Zero(t, a.count())
		require.Equal(t, 1, a.total)
	})
}

// It is kept for one context at a time.
func TestKeptWatchGivesWay(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		a, cancelA := newAsked(t)
		b, cancelB := newAsked(t)
		defer cancelA()
		defer cancelB()
		gives(t, submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			for _, c := range []context.Context{a, b, a, b} {
				f, err := Submit(c, p, value(1))
				if err != nil {
					return 0, err
				}
				_, _ = f.Wait(ctx)
			}
			return a.count() + 10*b.count(), nil
		}), 10)
		require.Zero(t, b.count())
	})
}

// The context ends while it is asked to tell of its end.
func TestContextEndsDuringSubmission(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		p.Pause()
		a, cancel := newAsked(t)
		a.onAsk = cancel
		f := submit(t, a, p, value(1))
		require.True(t, resolved(f))
		fails(t, f, context.Canceled)
		require.Zero(t, a.count())
		requireStats(t, p, Stats{Limit: 1, Paused: true, Submitted: 1, Cancelled: 1})
	})
}

// The pool comes to rest while a context is asked: the watch is stopped by who asks.
func TestWatchDroppedWhileItIsArmed(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		a, cancel := newAsked(t)
		defer cancel()
		a.onAsk = func() { synctest.Wait() } // the task runs and the worker rests
		gives(t, submit(t, a, p, value(1)), 1)
		require.Zero(t, a.count())
	})
}
