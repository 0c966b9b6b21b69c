package actor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// What uses a context of an incarnation that is over does nothing to the next one.
func TestContextOfTheIncarnationBefore(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Backoff(retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}))
		var derived context.Context
		tell(t, ref, func(c *Context[act]) error {
			ctx, cancel := context.WithCancel(c)
			context.AfterFunc(ctx, cancel)
			derived = ctx
			return errTest
		})
		synctest.Wait()
		require.Error(t, derived.Err())
		require.Equal(t, waiting, ref.actor.phase)
		require.Nil(t, derived.Value("nothing"))
		time.Sleep(time.Second)
		v, err := Ask(t.Context(), ref, func(r Reply[int]) act {
			return func(c *Context[act]) error {
				if c.Err() == nil {
					r.Send(1)
				}
				return c.Err()
			}
		})
		require.NoError(t, err)
		require.Equal(t, 1, v)
	})
}

// A watch that an actor begins when it has stopped is none.
func TestWatchInTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		target := spawn(t, s, "target", performer)
		watcher := spawn(t, s, "watcher", performer)
		require.NoError(t, watcher.Stop(t.Context()))
		unwatch := watcher.actor.context.Watch(target, func(Terminated) act { panic("called") })
		require.Zero(t, target.actor.needMoreLocked().watchers.Len(), "the target would keep it")
		require.Zero(t, watcher.actor.more.watches.Len())
		unwatch()
	})
}

// A policy that makes no sense is refused where it is given, not at the first failure.
func TestBackoffPanics(t *testing.T) {
	require.PanicsWithValue(t, "retry: negative MaxDelay", func() { Backoff(retry.Policy{MaxDelay: -1}) })
}
