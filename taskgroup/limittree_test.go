package taskgroup_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

// A meter counts the tasks that run under a limit and those further out.
type meter struct {
	outer   *meter
	limit   int64 // 0: none
	running atomic.Int64
}

// A scope is a group that is running, and the meter that covers its tasks. The group
// is nil if it is one that Gather or the like has made; the first one is not.
type scope struct {
	group *group
	meter *meter
}

// A forest grows random trees of tasks that wait for tasks in all ways there are.
type forest struct {
	mu       sync.Mutex // guards rng
	rng      *rand.Rand
	left     atomic.Int64 // tasks that may still be started
	started  atomic.Int64
	ended    atomic.Int64
	exceeded atomic.Bool
}

func (f *forest) n(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.IntN(n)
}

func (f *forest) count(m *meter, by int64) {
	for ; m != nil; m = m.outer {
		if n := m.running.Add(by); m.limit > 0 && n > m.limit {
			f.exceeded.Store(true)
		}
	}
}

// waiting calls fn, in which the task waits.
func (f *forest) waiting(m *meter, fn func() error) error {
	f.count(m, -1)
	err := fn()
	f.count(m, 1)
	return err
}

// task returns a task of the last of the scopes.
func (f *forest) task(scopes []scope) fn {
	return func(ctx context.Context) (int, error) {
		m := scopes[len(scopes)-1].meter
		f.count(m, 1)
		defer f.count(m, -1)
		defer f.ended.Add(1)
		f.started.Add(1)
		for f.n(3) > 0 && f.left.Add(-1) > 0 {
			if err := f.step(ctx, scopes, m); err != nil {
				return 0, err
			}
		}
		return 1, nil
	}
}

// fns returns one to three functions whose tasks the meter covers.
func (f *forest) fns(scopes []scope, m *meter) (fns []fn) {
	inner := append(slices.Clip(scopes), scope{nil, m})
	for range 1 + f.n(3) {
		fns = append(fns, f.task(inner))
	}
	return fns
}

// step does one thing that a task can do.
func (f *forest) step(ctx context.Context, scopes []scope, m *meter) error {
	at := f.n(len(scopes))
	for scopes[at].group == nil {
		at--
	}
	outer := scopes[at] // to start a sibling on, or one of a task further out
	sibling := f.task(scopes[:at+1])
	limit := 1 + f.n(3)
	own := &meter{outer: m, limit: int64(limit)}
	switch f.n(9) {
	case 0:
		time.Sleep(time.Duration(f.n(3)) * time.Millisecond)
	case 1:
		return f.waiting(m, func() error { return f.run(ctx, scopes, m) })
	case 2:
		return f.waiting(m, func() error {
			_, err := taskgroup.Start(outer.group, sibling).Wait(ctx)
			return err
		})
	case 3:
		return f.waiting(m, func() error {
			_, err := taskgroup.Gather(ctx, f.fns(scopes, m)...)
			return err
		})
	case 4:
		return f.waiting(m, func() error {
			_, err := taskgroup.Quorum(ctx, 1, f.fns(scopes, m)...)
			return err
		})
	case 5:
		return f.waiting(m, func() error {
			return taskgroup.ForEach(ctx, limit, slices.Values(f.fns(scopes, own)), func(ctx context.Context, fn fn) error {
				_, err := fn(ctx)
				return err
			})
		})
	case 6:
		return f.waiting(m, func() error {
			for _, err := range taskgroup.GatherSeq(ctx, limit, slices.Values(f.fns(scopes, own)), func(ctx context.Context, fn fn) (int, error) {
				return fn(ctx)
			}) {
				if err != nil {
					return err
				}
			}
			return nil
		})
	case 7:
		return f.waiting(m, func() error {
			_, err := taskgroup.Serve(ctx, outer.group, func(ctx context.Context, ready func(int)) error {
				ready(1)
				_, err := sibling(ctx)
				return err
			})
			return err
		})
	case 8: // several goroutines of the task wait at the same time
		return f.waiting(m, func() error {
			errs := make([]error, 3)
			var wg sync.WaitGroup
			for i := range errs {
				wg.Go(func() { _, errs[i] = taskgroup.Start(outer.group, sibling).Wait(ctx) })
			}
			wg.Wait()
			for _, err := range errs {
				if err != nil && ctx.Err() == nil {
					return err
				}
			}
			return nil
		})
	}
	return nil
}

// run runs a nested group with or without a limit.
func (f *forest) run(ctx context.Context, scopes []scope, m *meter) error {
	var opts []taskgroup.Option
	if limit := f.n(4); limit > 0 {
		opts = append(opts, taskgroup.Limit(limit))
		m = &meter{outer: m, limit: int64(limit)}
	}
	return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
		inner := append(slices.Clip(scopes), scope{g, m})
		for range 1 + f.n(4) {
			fn := f.task(inner)
			g.Go(func(ctx context.Context) error {
				_, err := fn(ctx)
				return err
			})
		}
		return nil
	}, opts...)
}

// Whatever tasks wait for, in whatever nest of limits: all end, and no limit is exceeded
// at any instant. A deadlock would end the bubble with a panic.
func TestNoLimitIsExceededAndNothingHangs(t *testing.T) {
	for seed := range uint64(600 / slowdown) {
		synctest.Test(t, func(t *testing.T) {
			f := &forest{rng: rand.New(rand.NewPCG(seed, 1))}
			f.left.Store(60)
			err := f.run(t.Context(), nil, nil)
			require.False(t, f.exceeded.Load(), "seed %d", seed)
			require.Equal(t, f.started.Load(), f.ended.Load(), "seed %d", seed)
			require.NotErrorIs(t, err, errBoom)
		})
	}
}

// A context that was kept from a task that has ended covers nothing.
func TestRunWithTheContextOfAnEndedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, taskgroup.Run(t.Context(), func(_ context.Context, g *group) error {
			kept := make(chan context.Context, 1)
			g.Go(func(ctx context.Context) error {
				kept <- ctx
				return nil
			})
			ctx := <-kept
			time.Sleep(time.Second)
			g.Go(after(time.Minute, nil)) // has the slot
			start := time.Now()
			_, err := taskgroup.Gather(ctx, double(1), double(2))
			require.Equal(t, time.Millisecond, time.Since(start))
			return err
		}, taskgroup.Limit(1)))
	})
}
