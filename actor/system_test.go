package actor

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestShutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		relatives(t, s, &j)
		ref := spawn(t, s, "busy", performer)
		tell(t, ref, func(*Context[act]) error { time.Sleep(time.Hour); return nil }, j.note("never"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		require.Equal(t, context.DeadlineExceeded, s.Shutdown(ctx))
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, spawnError(s), ErrStopped)
		synctest.Wait()
		require.Equal(t, 1, s.Stats().Actors, "that which handles a message")
		require.Equal(t, "1 actors of 8 spawned", s.String())
		require.NoError(t, s.Shutdown(t.Context()))
		require.Equal(t, time.Hour, time.Since(began))
		require.Zero(t, s.Stats().Actors)
		require.NotContains(t, j.take(), "never")
		require.NoError(t, s.Shutdown(t.Context()))

		dead, cancel := context.WithCancel(t.Context())
		cancel()
		other := NewSystem()
		ref = spawn(t, other, "", performer)
		require.Equal(t, context.Canceled, other.Shutdown(dead))
		<-ref.Done()
	})
}

// Nothing outlives Shutdown, however much is spawned meanwhile, and all who call it wait.
func TestNothingOutlivesShutdown(t *testing.T) {
	for range 100 / slowdown {
		s := NewSystem()
		top := spawn(t, s, "top", performer)
		var refs sync.Map
		var wg, down sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				parent := Parent(s)
				if i%2 == 0 {
					parent = top
				}
				for range 200 {
					ref, err := Spawn(parent, "", func() Behavior[act] {
						runtime.Gosched() // for Shutdown to begin here
						return performer()
					})
					if err != nil {
						return // ErrStopped
					}
					_ = ref.TryTell(func(c *Context[act]) error { _ = spawnError(c); return errTest })
					refs.Store(ref, nil)
				}
			})
		}
		for range 2 {
			down.Go(func() {
				if err := s.Shutdown(context.Background()); err != nil || s.Stats().Actors != 0 {
					t.Error(err, s)
				}
			})
		}
		down.Wait()
		wg.Wait()
		refs.Range(func(ref, _ any) bool {
			<-ref.(*Ref[act]).Done()
			return true
		})
		require.Zero(t, s.Stats().Actors)
	}
}

func TestSystemInTwoBubbles(t *testing.T) {
	s := NewSystem()
	var ref *Ref[act]
	for i := range 2 {
		synctest.Test(t, func(t *testing.T) {
			if ref == nil {
				ref = spawn(t, s, "a", performer)
			}
			v, err := Ask(t.Context(), ref, replies(i))
			require.NoError(t, err)
			require.Equal(t, i, v)
			tell(t, ref, func(c *Context[act]) error { c.After(time.Second, nothing); return fails(c) })
			time.Sleep(time.Minute)
		})
	}
	require.NoError(t, s.Shutdown(context.Background()))
}
