package actor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// stashes returns a message that is put aside the first time it is handled, and then does
// what fn does.
func stashes(fn act) act {
	stashed := false
	var self act
	self = func(c *Context[act]) error {
		if !stashed {
			stashed = true
			c.Stash(self)
			return nil
		}
		return fn(c)
	}
	return self
}

func unstash(c *Context[act]) error { c.Unstash(); return nil }

func TestStash(t *testing.T) {
	for _, opts := range [][]Option{nil, {Mailbox(10, Block)}, {Mailbox(10, DropOldest)}} {
		var j journal
		inBubble(t, func(t *testing.T, s *System) {
			ref := spawn(t, s, "a", performer, opts...)
			tell(t, ref, unstash, stashes(j.note("1")), j.note("2"), stashes(j.note("3")))
			require.Equal(t, []string{"2"}, j.take())
			require.Equal(t, Stats{Accepted: 6, Handled: 4, Waiting: 2}, ref.Stats())
			release := block(t, ref)
			tell(t, ref, unstash, j.note("4"))
			close(release)
			require.Equal(t, []string{"1", "3", "4"}, j.take())
			require.Equal(t, Stats{Accepted: 9, Handled: 9}, ref.Stats())
		}, j.hooks())
	}
}

// Any number of messages can be put aside, and the mailbox then has room for others.
func TestStashIsNotPartOfTheBound(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Mailbox(1, Block))
		for range 5 {
			tell(t, ref, stashes(j.note("x")))
		}
		require.Empty(t, j.take())
		tell(t, ref, unstash)
		require.Equal(t, []string{"x", "x", "x", "x", "x"}, j.take())
	})
}

func TestStashedAsks(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		reply := func(n int) func(Reply[int]) act {
			return func(r Reply[int]) act {
				return stashes(func(*Context[act]) error { j.add("%d", n); r.Send(n); return nil })
			}
		}
		first := askAct(t.Context(), ref, reply(1))
		require.False(t, first.over())
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := askAct(ctx, ref, reply(2))
		require.False(t, cancelled.over())
		answered := askAct(t.Context(), ref, func(r Reply[int]) act {
			r.Send(3) // and there is more to do
			return stashes(j.note("3"))
		})
		require.True(t, answered.over())
		require.Equal(t, 3, answered.value)
		refused := askAct(t.Context(), ref, func(r Reply[int]) act {
			r.Fail(errTest)
			return stashes(j.note("4"))
		})
		require.True(t, refused.over())
		require.Equal(t, errTest, refused.err)
		cancel()
		require.True(t, cancelled.over())
		tell(t, ref, unstash)
		require.True(t, first.over())
		require.NoError(t, first.err)
		require.Equal(t, 1, first.value)
		require.Equal(t, []string{"1", "a has not got a message: context canceled", "3", "4"}, j.take())
	}, j.hooks())
}

// It goes back to the front of the mailbox, and asks are still waited for.
func TestRestartWithAStash(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		tell(t, ref, stashes(j.note("1")))
		ask := askAct(t.Context(), ref, func(r Reply[int]) act {
			return stashes(func(*Context[act]) error { j.add("ask"); r.Send(1); return nil })
		})
		require.False(t, ask.over())
		release := block(t, ref)
		tell(t, ref, func(*Context[act]) error { return errTest }, j.note("2"))
		close(release)
		require.Equal(t, []string{"a failed: test failure; restarts", "1", "ask", "2"}, j.take())
		require.True(t, ask.over())
		require.NoError(t, ask.err)
		require.Equal(t, Stats{Accepted: 7, Handled: 7}, ref.Stats())
	}, j.hooks())
}

// Both go back to the front, in the order in which they have come.
func TestRestartWithAStashAndARedelivery(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Redeliver(1))
		fails := 1
		tell(t, ref, stashes(j.note("stashed")), func(*Context[act]) error {
			j.add("try")
			if fails--; fails == 0 {
				return errTest
			}
			return nil
		}, j.note("next"))
		require.Equal(t, []string{"try", "a failed: test failure; restarts", "stashed", "try", "next"}, j.take())
	}, j.hooks())
}

func TestStopWithAStash(t *testing.T) {
	for _, kill := range []bool{false, true} {
		var j journal
		inBubble(t, func(t *testing.T, s *System) {
			ref := spawn(t, s, "a", performer)
			tell(t, ref, stashes(j.note("handled")))
			ask := askAct(t.Context(), ref, func(Reply[int]) act { return stashes(j.note("handled")) })
			require.False(t, ask.over())
			if kill {
				require.NoError(t, ref.Kill(t.Context()))
			} else {
				require.NoError(t, ref.Stop(t.Context()))
			}
			require.True(t, ask.over())
			require.Equal(t, ErrStopped, ask.err)
			undelivered := "a has not got a message: actor: stopped"
			require.Equal(t, []string{undelivered, undelivered}, j.take())
			require.Equal(t, Stats{Accepted: 4, Handled: 2, Undelivered: 2}, ref.Stats())
		}, j.hooks())
	}
}

// Those of its own end with the incarnation, and what makes a message of them is called once.
func TestStashOfOwnMessages(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		piped := func(c *Context[act]) error {
			Pipe(c, func(context.Context) (string, error) { return "pipe", nil },
				func(s string, _ error) act { j.add("made"); return stashes(j.note(s)) })
			return nil
		}
		tell(t, ref, piped, func(c *Context[act]) error {
			c.After(0, stashes(j.note("timer")))
			return nil
		})
		require.Equal(t, []string{"made"}, j.take())
		tell(t, ref, unstash)
		require.ElementsMatch(t, []string{"pipe", "timer"}, j.take())

		tell(t, ref, piped)
		require.Equal(t, []string{"made"}, j.take())
		tell(t, ref, func(*Context[act]) error { return errTest }, j.note("next"))
		require.Equal(t, []string{"a failed: test failure; restarts", "next"}, j.take())
		require.Zero(t, ref.Stats().Waiting)
	}, j.hooks())
}
