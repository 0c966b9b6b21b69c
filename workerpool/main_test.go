package workerpool

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errTask = errors.New("task failed")

// slow returns a task that takes d.
func slow(d time.Duration) func(context.Context) error {
	return func(context.Context) error {
		time.Sleep(d)
		return nil
	}
}

// value returns a task with the result v.
func value[T any](v T) func(context.Context) (T, error) {
	return func(context.Context) (T, error) { return v, nil }
}

// after returns a task that takes d, with the result v.
func after[T any](d time.Duration, v T) func(context.Context) (T, error) {
	return func(context.Context) (T, error) {
		time.Sleep(d)
		return v, nil
	}
}

// untilEnd is a task that ends when its context does.
func untilEnd(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func submit[T any](t *testing.T, ctx context.Context, p *Pool, fn func(context.Context) (T, error), opts ...TaskOption) *Future[T] {
	t.Helper()
	f, err := Submit(ctx, p, fn, opts...)
	require.NoError(t, err)
	return f
}

// fails waits for f and requires its error.
func fails[T any](t *testing.T, f *Future[T], want error) {
	t.Helper()
	_, err := f.Wait(t.Context())
	require.ErrorIs(t, err, want)
}

// gives waits for f and requires its value.
func gives[T any](t *testing.T, f *Future[T], want T) {
	t.Helper()
	v, err := f.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, v)
}

// resolved reports whether f is done, once all goroutines have come to rest.
func resolved[T any](f *Future[T]) bool {
	synctest.Wait()
	select {
	case <-f.Done():
		return true
	default:
		return false
	}
}

// identity returns why s is not that of a pool.
func identity(s Stats) error {
	if s.Submitted != s.Waiting+s.Running+s.Done+s.Failed+s.Cancelled || min(s.Waiting, s.Running, s.Idle, s.Blocked) < 0 ||
		s.Running > s.Workers || s.Idle > s.Workers {
		return errors.New(s.String())
	}
	return nil
}

// requireStats requires what is to be known of p, without what is given in others' tests.
func requireStats(t *testing.T, p *Pool, want Stats) {
	t.Helper()
	synctest.Wait()
	s := p.Stats()
	require.NoError(t, identity(s))
	require.Equal(t, want, s, s.String())
}

// within requires that fn takes d.
func takes(t *testing.T, d time.Duration, fn func()) {
	t.Helper()
	start := time.Now()
	fn()
	require.Equal(t, d, time.Since(start))
}

// goroutines returns how many the bubble has once they have come to rest.
// runtime.NumGoroutine counts one that has ended for a moment longer.
func goroutines() int {
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	// The first one is the caller's: "goroutine 7 [running, synctest bubble 5]:".
	_, rest, _ := bytes.Cut(stacks, []byte("synctest bubble "))
	id, _, _ := bytes.Cut(rest, []byte("]"))
	return bytes.Count(stacks, []byte("synctest bubble "+string(id)+"]:\n"))
}

// gauge counts those that are inside, and remembers the most.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	n := g.now.Add(1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

// inBubble runs fn in a bubble with a pool that is closed afterwards.
func inBubble(t *testing.T, workers int, opts []Option, fn func(t *testing.T, p *Pool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := New(workers, opts...)
		defer p.Close()
		fn(t, p)
	})
}

func with(opts ...Option) []Option { return opts }
