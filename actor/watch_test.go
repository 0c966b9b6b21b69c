package actor

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// watches returns a message that has its actor watch target and note the end.
func (j *journal) watches(target Actor, unwatch *func()) act {
	return func(c *Context[act]) error {
		end := c.Watch(target, func(t Terminated) act {
			return func(*Context[act]) error {
				j.add("%s: %v", t.Actor.Path(), t.Err)
				return nil
			}
		})
		if unwatch != nil {
			*unwatch = end
		}
		return nil
	}
}

func TestWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		watcher := spawn(t, s, "watcher", performer)
		target := spawn(t, s, "target", performer)
		mortal := spawn(t, s, "mortal", performer, Restart(Temporary))
		tell(t, watcher, j.watches(target, nil), j.watches(mortal, nil))
		// What the target has told before comes before.
		tell(t, target, func(*Context[act]) error { return watcher.TryTell(j.note("from the target")) })
		tell(t, target, func(*Context[act]) error { return errTest })
		require.Equal(t, []string{"from the target"}, j.take(), "a restart is no end")
		tell(t, mortal, func(*Context[act]) error { return errTest })
		require.Equal(t, []string{"mortal: test failure"}, j.take())
		require.NoError(t, target.Stop(t.Context()))
		require.Equal(t, []string{"target: <nil>"}, j.take())

		tell(t, watcher, j.watches(mortal, nil))
		require.Equal(t, []string{"mortal: test failure"}, j.take(), "at once")
		require.Zero(t, watcher.actor.more.watches.Len())
		require.NoError(t, watcher.Err())
		require.Equal(t, errTest, mortal.Err())
	})
}

func TestUnwatch(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		var unwatch func()
		watcher := spawn(t, s, "watcher", performer)
		target := spawn(t, s, "target", performer)
		tell(t, watcher, j.watches(target, &unwatch), func(*Context[act]) error { unwatch(); unwatch(); return nil })
		synctest.Wait()
		require.Zero(t, watcher.actor.more.watches.Len())
		require.Zero(t, target.actor.more.watchers.Len())
		// Also when the end is in the mailbox already.
		tell(t, watcher, j.watches(target, &unwatch))
		release := block(t, watcher)
		tell(t, watcher, func(*Context[act]) error { unwatch(); return nil })
		require.NoError(t, target.Stop(t.Context()))
		close(release)
		require.NotContains(t, j.take(), "target: <nil>")
		require.Zero(t, watcher.Stats().Waiting)
	})
}

// A watch ends with the incarnation that has it.
func TestWatcherIsRestarted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		watcher := spawn(t, s, "watcher", performer)
		target := spawn(t, s, "target", performer)
		tell(t, watcher, j.watches(target, nil), func(*Context[act]) error { return errTest })
		synctest.Wait()
		require.Zero(t, target.actor.more.watchers.Len(), "the target forgets it")
		require.NoError(t, target.Stop(t.Context()))
		require.Empty(t, j.take())
	})
}

func TestMessageOfAWatchIsMadeByTheWatcher(t *testing.T) {
	failures := 0
	inBubble(t, func(t *testing.T, s *System) {
		watcher := spawn(t, s, "watcher", performer)
		target := spawn(t, s, "target", performer)
		tell(t, watcher, func(c *Context[act]) error {
			c.Watch(target, func(Terminated) act { panic(errTest) })
			return nil
		})
		synctest.Wait()
		require.NoError(t, target.Stop(t.Context()))
		synctest.Wait()
	}, OnFailure(func(f Failure) {
		failures++
		if f.Actor.Path() != "watcher" || !errors.Is(f.Err, errTest) {
			t.Errorf("%+v", f)
		}
	}))
	require.Equal(t, 1, failures)
}
