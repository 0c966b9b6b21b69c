package actor

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Siblings that are restarted together wait for Started of each other, not for what comes
// after it.
func TestRestartTogetherWaitsForNoMoreThanStarted(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		parent := spawn(t, s, "parent", performer, Supervise(OneForAll))
		starts := 0
		a := recordStart(t, parent, &j, "a", func(c *Context[act]) error {
			if starts++; starts == 2 {
				begun := make(chan struct{})
				_ = spawn(t, c, "child", performer).Tell(c, func(*Context[act]) error {
					close(begun)
					time.Sleep(time.Hour)
					return nil
				})
				<-begun
			}
			return nil
		})
		b := record(t, parent, &j, "b")
		release := block(t, a)
		tell(t, a, fails, fails) // the second time it has to wait for its child
		tell(t, b, j.note("b goes on"))
		j.take()
		close(release)
		time.Sleep(time.Minute)
		require.Contains(t, j.take(), "b 2 started")
		time.Sleep(time.Hour)
		entries := j.take()
		require.Contains(t, entries, "a 3 started")
		require.Contains(t, entries, "b 3 started")
	})
}

// Children end with the incarnation of their parent, also if that is restarted because of
// others: after the message that they are handling.
func TestRestartTogetherKillsWhoIsBelow(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		refs := siblings(t, s, &j, OneForAll, nil)
		below := spawn(t, refs["b"], "below", performer)
		tell(t, below, func(c *Context[act]) error { <-c.Done(); return nil }, j.note("never"))
		synctest.Wait()
		tell(t, refs["a"], fails)
		require.Equal(t, []string{"a 1 stopping: test failure", "c 1 stopping: actor: restarted", "b 1 stopping: actor: restarted",
			"a 2 started", "b 2 started", "c 2 started"}, j.take())
		require.True(t, isDone(below))
		require.EqualValues(t, 1, below.Stats().Undelivered)
	})
}

// What an actor has yet to answer when it is restarted because of others is not answered any
// more; what it has not taken yet is.
func TestAsksOfThoseRestartedTogether(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		refs := siblings(t, s, &j, OneForAll, nil)
		kept := askAct(t.Context(), refs["b"], silent)
		require.False(t, kept.over())
		release := block(t, refs["b"])
		waits := askAct(t.Context(), refs["b"], replies(7))
		require.False(t, waits.over())
		tell(t, refs["a"], fails)
		synctest.Wait()
		close(release)
		require.True(t, kept.over())
		require.Equal(t, ErrRestarted, kept.err)
		require.True(t, waits.over())
		require.NoError(t, waits.err)
		require.Equal(t, 7, waits.value)
	})
}

// A parent that stops restarts nobody: those that wait for it end, and the others go on with
// what they have until it is their turn to end.
func TestNobodyIsRestartedByAParentThatStops(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		refs := siblings(t, s, &j, OneForAll, nil)
		release := block(t, refs["c"])
		stopped := background(func() (int, error) { return 0, refs["parent"].Stop(t.Context()) })
		require.False(t, stopped.over())
		tell(t, refs["b"], fails, j.note("never"))
		require.Equal(t, []string{"b 1 stopping: test failure", "b 1 stopped: test failure"}, j.take())
		tell(t, refs["a"], j.note("a goes on"))
		require.Equal(t, []string{"a goes on"}, j.take())
		close(release)
		require.True(t, stopped.over())
		require.Equal(t, []string{"c 1 stopping: <nil>", "c 1 stopped: <nil>",
			"a 1 stopping: <nil>", "a 1 stopped: <nil>"}, j.take())
	})
}
