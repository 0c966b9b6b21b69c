package actor

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// siblings spawns actors under one that restarts them by the strategy.
func siblings(t *testing.T, s *System, j *journal, strategy Strategy, opts map[string][]Option) map[string]*Ref[act] {
	parent := spawn(t, s, "parent", performer, Supervise(strategy))
	refs := map[string]*Ref[act]{"parent": parent}
	for _, name := range []string{"a", "b", "c"} {
		refs[name] = record(t, parent, j, name, opts[name]...)
	}
	synctest.Wait()
	j.take()
	return refs
}

func TestStrategies(t *testing.T) {
	for _, tt := range []struct {
		strategy Strategy
		want     []string
	}{
		{OneForOne, []string{"b 1 stopping: test failure", "b 2 started"}},
		{OneForAll, []string{"b 1 stopping: test failure", "c 1 stopping: actor: restarted", "a 1 stopping: actor: restarted",
			"a 2 started", "b 2 started", "c 2 started"}},
		{RestForOne, []string{"b 1 stopping: test failure", "c 1 stopping: actor: restarted", "b 2 started", "c 2 started"}},
	} {
		inBubble(t, func(t *testing.T, s *System) {
			var j journal
			refs := siblings(t, s, &j, tt.strategy, nil)
			tell(t, refs["b"], fails, j.note("b goes on"))
			require.ElementsMatch(t, append(tt.want, "b goes on"), j.take())
			tell(t, refs["a"], j.note("a goes on"))
			tell(t, refs["c"], j.note("c goes on"))
			require.Len(t, j.take(), 2)

			// In order, and once more.
			tell(t, refs["b"], fails)
			entries := j.take()
			require.Len(t, entries, len(tt.want))
			require.Equal(t, "b 2 stopping: test failure", entries[0])
			var started []string
			for _, e := range entries {
				if strings.HasSuffix(e, " started") {
					started = append(started, e)
				}
			}
			require.True(t, slices.IsSorted(started), "%v", started)

			require.NoError(t, refs["parent"].Stop(t.Context()))
			entries = j.take()
			if tt.strategy != OneForOne {
				require.Equal(t, []byte("ccbbaa"), []byte{entries[0][0], entries[1][0], entries[2][0], entries[3][0], entries[4][0], entries[5][0]})
			}
		})
	}
}

// A sibling that handles a message is restarted after it. It sees that its context ends.
func TestRestartTogetherWaitsForMessages(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		refs := siblings(t, s, &j, OneForAll, nil)
		tell(t, refs["c"], func(c *Context[act]) error {
			<-c.Done()
			j.add("told to end: %v", c.Err())
			time.Sleep(time.Second)
			return nil
		}, j.note("mailbox stays"))
		asked := askAct(t.Context(), refs["c"], replies(1))
		synctest.Wait()
		began := time.Now()
		tell(t, refs["a"], fails)
		time.Sleep(time.Second)
		entries := j.take()
		require.Equal(t, "a 1 stopping: test failure", entries[0])
		require.Equal(t, "told to end: context canceled", entries[1])
		require.Contains(t, entries, "mailbox stays")
		require.Less(t, slices.Index(entries, "c 2 started"), slices.Index(entries, "mailbox stays"))
		require.Equal(t, time.Second, time.Since(began))
		require.True(t, asked.over())
		require.Equal(t, 1, asked.value)
		tell(t, refs["c"], func(c *Context[act]) error { require.NoError(t, c.Err()); return nil })
	})
}

func TestRestartTogetherStopsTemporaryOnes(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		refs := siblings(t, s, &j, OneForAll, map[string][]Option{"b": {Restart(Temporary)}})
		tell(t, refs["a"], fails)
		require.Equal(t, []string{"a 1 stopping: test failure", "c 1 stopping: actor: restarted",
			"b 1 stopping: <nil>", "b 1 stopped: <nil>", "a 2 started", "c 2 started"}, j.take())
		tell(t, refs["c"], fails)
		require.Len(t, j.take(), 4)
	})
}

func TestRestartTogetherPauses(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		pause := Backoff(retry.Policy{BaseDelay: time.Minute, MaxDelay: time.Hour, Jitter: retry.NoJitter})
		refs := siblings(t, s, &j, RestForOne, map[string][]Option{"b": {pause}})
		tell(t, refs["b"], fails)
		require.Equal(t, []string{"b 1 stopping: test failure", "c 1 stopping: actor: restarted"}, j.take())
		time.Sleep(time.Minute - 1)
		require.Empty(t, j.take())
		time.Sleep(time.Nanosecond)
		require.Equal(t, []string{"b 2 started", "c 2 started"}, j.take())

		// Who stops meanwhile is not restarted, and the end of the parent ends the pause.
		tell(t, refs["b"], nothing, fails)
		j.take()
		require.NoError(t, refs["c"].Stop(t.Context()))
		require.Equal(t, []string{"c 2 stopped: <nil>"}, j.take())
		began := time.Now()
		require.NoError(t, refs["parent"].Stop(t.Context()))
		require.Zero(t, time.Since(began))
		require.Equal(t, []string{"b 2 stopped: test failure", "a 1 stopping: <nil>", "a 1 stopped: <nil>"}, j.take())
	})
}

// Two that fail at the same time are restarted once or twice, but both.
func TestTwoFailAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		refs := siblings(t, s, &j, OneForAll, nil)
		first, second := block(t, refs["a"]), block(t, refs["c"])
		tell(t, refs["a"], fails, j.note("a goes on"))
		tell(t, refs["c"], fails, j.note("c goes on"))
		close(first)
		close(second)
		entries := j.take()
		require.Contains(t, entries, "a goes on")
		require.Contains(t, entries, "c goes on")
		require.Zero(t, refs["parent"].actor.more.helpers)
	})
}

// One that fails again when it is restarted with others is tried again.
func TestRestartTogetherFails(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		parent := spawn(t, s, "parent", performer, Supervise(OneForAll))
		a := record(t, parent, &j, "a")
		starts := 0
		recordStart(t, parent, &j, "b", func(*Context[act]) error {
			if starts++; starts == 2 {
				return errTest
			}
			return nil
		}, Backoff(retry.Policy{BaseDelay: -1}))
		synctest.Wait()
		tell(t, a, fails)
		j.take()
		require.Equal(t, 3, starts)
		tell(t, a, j.note("a goes on"))
		require.Equal(t, []string{"a goes on"}, j.take())
	})
}

// While siblings are restarted the parent need not be free: it may wait for one of them.
func TestRestartWhileTheParentAsks(t *testing.T) {
	for _, strategy := range []Strategy{OneForOne, OneForAll} {
		inBubble(t, func(t *testing.T, s *System) {
			var j journal
			refs := siblings(t, s, &j, strategy, nil)
			tell(t, refs["parent"], func(c *Context[act]) error {
				_, err := Ask(c, refs["a"], func(Reply[int]) act { return fails })
				j.add("%v", err)
				v, err := Ask(c, refs["a"], replies(7))
				j.add("%d %v", v, err)
				return nil
			})
			entries := j.take()
			require.Contains(t, entries, "test failure")
			require.Contains(t, entries, "7 <nil>")
		})
	}
}

// One that is killed after it was its turn to be restarted restarts nobody.
func TestKilledBeforeItIsRestarted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		refs := siblings(t, s, &j, OneForAll, nil)
		require.NoError(t, refs["b"].Kill(t.Context()))
		j.take()
		refs["parent"].actor.restartWith(&refs["b"].actor.cell, 0, nil)
		require.Empty(t, j.take())
	})
}
