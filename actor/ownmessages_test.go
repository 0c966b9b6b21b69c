package actor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// lastAct does something when it has stopped.
type lastAct struct{ on func(c *Context[act]) }

func (lastAct) Receive(c *Context[act], m act) error { return m(c) }
func (l lastAct) Stopped(c *Context[act], _ error)   { l.on(c) }

// What an actor begins in Stopped comes too late, and leaves nothing behind.
func TestNothingBeginsInStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		target := spawn(t, s, "target", performer)
		called := false
		ref := spawn(t, s, "a", func() Behavior[act] {
			return lastAct{func(c *Context[act]) {
				called = true
				c.Watch(target, func(Terminated) act { panic("watched") })()
				c.Watch(target, func(Terminated) act { panic("watched") })
				c.After(time.Second, nothing)
				Pipe(c, func(context.Context) (int, error) { panic("piped") }, func(int, error) act { return nothing })
				require.ErrorIs(t, spawnError(c), ErrStopped)
				require.ErrorIs(t, c.Self().TryTell(nothing), ErrStopped)
				require.Error(t, c.Err())
				c.Stop()
			}}
		})
		require.NoError(t, ref.Stop(t.Context()))
		require.True(t, called)
		require.True(t, target.actor.more == nil || target.actor.more.watchers.Len() == 0, "the target does not remember it")
		require.NoError(t, target.Stop(t.Context()))
		require.Zero(t, ref.Stats())
	})
}

// What Started begins may be over before it returns, and comes after it nevertheless; to
// that incarnation only.
func TestOwnMessagesComeAfterStarted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		gone := spawn(t, s, "gone", performer)
		require.NoError(t, gone.Stop(t.Context()))
		for _, fail := range []bool{false, true} {
			starts := 0
			ref := recordStart(t, s, &j, "a", func(c *Context[act]) error {
				starts++
				c.After(time.Second, j.note("timer"))
				every := c.Every(time.Second, j.note("never"))
				Pipe(c, func(context.Context) (int, error) { return 1, nil }, func(int, error) act { return j.note("piped") })
				_ = j.watches(gone, nil)(c)
				time.Sleep(3500 * time.Millisecond)
				every.Stop()
				j.add("returns")
				if fail && starts == 1 {
					return errTest
				}
				return nil
			}, Backoff(retry.Policy{BaseDelay: -1}))
			time.Sleep(time.Minute)
			got := j.take()
			if fail {
				require.Equal(t, []string{"a 1 started", "returns"}, got[:2])
				got = got[2:]
			}
			require.Len(t, got, 5)
			require.Equal(t, "returns", got[1])
			require.ElementsMatch(t, []string{"timer", "piped", "gone: <nil>"}, got[2:])
			require.NoError(t, ref.Stop(t.Context()))
			require.Equal(t, Stats{Accepted: 3, Handled: 3}, ref.Stats())
			j.take()
		}
	})
}
