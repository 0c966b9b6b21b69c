package actor

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A parent that has kept the question of its child, and stops, waits for the child; so that
// gets its answer first, also if it has asked by way of somebody else.
func TestStopFailsAsksFromBelow(t *testing.T) {
	for _, direct := range []bool{true, false} {
		inBubble(t, func(t *testing.T, s *System) {
			var j journal
			var kept Reply[int]
			parent := spawn(t, s, "parent", performer)
			child := spawn(t, parent, "child", performer)
			other := spawn(t, s, "other", performer)
			keep := func(r Reply[int]) act { return func(*Context[act]) error { kept = r; return nil } }
			between := func(r Reply[int]) act {
				return func(c *Context[act]) error { _, err := Ask(c, parent, keep); r.Fail(err); return nil }
			}
			tell(t, child, func(c *Context[act]) error {
				var err error
				if direct {
					_, err = Ask(c, parent, keep)
				} else {
					_, err = Ask(c, other, between)
				}
				j.add("%v", err)
				return nil
			}, j.note("drained"))
			synctest.Wait()
			outside := askAct(t.Context(), parent, func(r Reply[int]) act {
				return func(*Context[act]) error {
					tell(t, child, func(*Context[act]) error { r.Send(7); return nil })
					return nil
				}
			})
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			require.NoError(t, parent.Stop(ctx))
			require.Equal(t, []string{"actor: stopped", "drained"}, j.take())
			require.True(t, outside.over())
			require.Equal(t, 7, outside.value, "those from elsewhere can still be answered from below")
			kept.Send(1)
		})
	}
}

// Whoever stops first, a parent and its children end.
func TestParentAndChildStopAtOnce(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i := range 300 / slowdown {
		s := NewSystem(Supervise(Strategy(i % 3)))
		parent := spawn(t, s, "parent", performer, Supervise(Strategy(i%3)))
		child := spawn(t, parent, "child", performer)
		tell(t, child, func(c *Context[act]) error { _ = parent.Tell(c, nothing); return nil }, fails, nothing)
		tell(t, parent, func(c *Context[act]) error { _ = child.Tell(c, nothing); return nil }, fails, nothing)
		var wg sync.WaitGroup
		for _, end := range []func() error{
			func() error { return parent.Stop(ctx) },
			func() error { return child.Stop(ctx) },
			func() error { return child.Kill(ctx) },
			func() error { return s.Shutdown(ctx) },
		} {
			wg.Go(func() {
				if err := end(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Zero(t, s.Stats().Actors)
	}
}

// One that drains when its siblings are restarted has no part in that: it ends.
func TestStopAmongThoseRestartedTogether(t *testing.T) {
	for _, failing := range []string{"a", "c"} {
		var decisions []Decision
		inBubble(t, func(t *testing.T, s *System) {
			var j journal
			refs := siblings(t, s, &j, OneForAll, nil)
			release := block(t, refs["c"])
			if failing == "c" {
				tell(t, refs["c"], fails)
			}
			tell(t, refs["c"], j.note("never"))
			refs["c"].actor.order(stop, nil)
			if failing == "a" {
				tell(t, refs["a"], fails)
			}
			j.take()
			close(release)
			require.NoError(t, refs["c"].Stop(t.Context()))
			got := j.take()
			if failing == "c" {
				require.Equal(t, []string{"c 1 stopping: test failure", "c 1 stopped: test failure"}, got)
			} else {
				require.ElementsMatch(t, []string{"c 1 stopping: <nil>", "c 1 stopped: <nil>",
					"b 1 stopping: actor: restarted", "a 2 started", "b 2 started"}, got)
			}
			require.EqualValues(t, 1, refs["c"].Stats().Undelivered)
			want := map[string]Decision{"a": Restarts, "c": Stops}
			require.Equal(t, []Decision{want[failing]}, decisions)
			tell(t, refs["a"], j.note("a goes on"))
			tell(t, refs["b"], j.note("b goes on"))
			require.Len(t, j.take(), 2)
		}, OnFailure(func(f Failure) { decisions = append(decisions, f.Decision) }))
	}
}

// A child that fails for good does not fail a parent that is stopping anyway.
func TestEscalationToAParentThatStops(t *testing.T) {
	var decisions []string
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		parent := record(t, s, &j, "parent", Intensity(0, time.Hour))
		child := spawn(t, parent, "child", performer)
		release := block(t, child)
		tell(t, child, fails)
		stopped := background(func() (int, error) { return 0, parent.Stop(t.Context()) })
		require.False(t, stopped.over())
		close(release)
		require.True(t, stopped.over())
		require.NoError(t, parent.Err())
		require.Equal(t, errTest, child.Err())
		require.Equal(t, []string{"parent 1 started", "parent 1 stopping: <nil>", "parent 1 stopped: <nil>"}, j.take())
	}, OnFailure(func(f Failure) { decisions = append(decisions, f.Actor.Path()+" "+f.Decision.String()) }))
	require.Equal(t, []string{"parent/child escalates"}, decisions)
}

// A context that has ended fails, even if there is nothing to wait for any more.
func TestStopWithAContextThatHasEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		dead, cancel := context.WithCancel(t.Context())
		cancel()
		for range 2 {
			require.Equal(t, context.Canceled, ref.Stop(dead))
			require.Equal(t, context.Canceled, ref.Kill(dead))
			<-ref.Done()
		}
	})
}
