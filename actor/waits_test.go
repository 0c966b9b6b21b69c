package actor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// overWithinAnHour waits until what was begun is over, and ends the actors if it is not.
func overWithinAnHour(t *testing.T, o *outcome, parent *Ref[act]) {
	t.Helper()
	time.Sleep(time.Hour)
	over := o.over()
	if !over {
		_ = parent.Kill(context.Background())
	}
	require.True(t, over, "some wait for each other")
}

// asks has from ask to, and returns where the error of that will be.
func asks(t *testing.T, from, to *Ref[act]) *error {
	var err error
	tell(t, from, func(c *Context[act]) error {
		_, err = Ask(c, to, replies(1))
		return nil
	})
	return &err
}

// A parent that restarts its children together stops: a child that has failed meanwhile is
// not restarted, and a sibling that drains before must not wait for it.
func TestStopWhileSiblingsAskWhoIsNotRestarted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		parent := spawn(t, s, "parent", performer, Supervise(OneForAll))
		first, last := spawn(t, parent, "first", performer), spawn(t, parent, "last", performer)
		release := block(t, last)
		err := asks(t, last, first)
		stopped := background(func() (int, error) { return 0, parent.Stop(context.Background()) })
		synctest.Wait() // the parent waits for last
		tell(t, first, fails)
		synctest.Wait()
		close(release)
		overWithinAnHour(t, stopped, parent)
		require.ErrorIs(t, *err, ErrStopped)
	})
}

// The same if it was about to be restarted, and who asks was spawned since.
func TestStopWhileAllWaitToBeRestarted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		parent := spawn(t, s, "parent", performer, Supervise(OneForAll))
		first, second := spawn(t, parent, "first", performer), spawn(t, parent, "second", performer)
		release := block(t, second)
		tell(t, first, fails)
		synctest.Wait() // second is waited for
		err := asks(t, spawn(t, parent, "late", performer), first)
		stopped := background(func() (int, error) { return 0, parent.Stop(context.Background()) })
		synctest.Wait()
		close(release)
		overWithinAnHour(t, stopped, parent)
		require.ErrorIs(t, *err, ErrStopped)
	})
}

// An actor that stops waits for its child, which asks a sibling of the actor that is
// restarted together with it: then the child is not waited for any more.
func TestRestartTogetherOfWhoWaitsForItsChildren(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		parent := spawn(t, s, "parent", performer, Supervise(OneForAll))
		failing, stopping := spawn(t, parent, "failing", performer), spawn(t, parent, "stopping", performer)
		release := block(t, failing)
		tell(t, failing, fails)
		err := asks(t, spawn(t, stopping, "below", performer), failing)
		synctest.Wait()
		stopped := background(func() (int, error) { return 0, stopping.Stop(context.Background()) })
		synctest.Wait()
		close(release)
		overWithinAnHour(t, stopped, parent)
		require.Error(t, *err)
	})
}
