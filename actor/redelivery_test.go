package actor

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedelivery(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Redeliver(2))
		failing := func(times int, reply func()) act {
			return func(*Context[act]) error {
				j.add("try")
				if times--; times >= 0 {
					return errTest
				}
				reply()
				return nil
			}
		}
		release := block(t, ref)
		tell(t, ref, failing(2, func() { j.add("done") }), j.note("next"), failing(9, nil), j.note("last"))
		close(release)
		failed := "a failed: test failure; restarts"
		require.Equal(t, []string{"try", failed, "try", failed, "try", "done", "next",
			"try", failed, "try", failed, "try", failed, "last"}, j.take())
		require.Equal(t, Stats{Accepted: 9, Handled: 9}, ref.Stats())

		v, err := Ask(t.Context(), ref, func(r Reply[int]) act { return failing(1, func() { r.Send(4) }) })
		require.NoError(t, err)
		require.Equal(t, 4, v)
		_, err = Ask(t.Context(), ref, func(r Reply[int]) act { return failing(3, nil) })
		require.Equal(t, errTest, err)
		require.Equal(t, []string{"try", failed, "try", "try", failed, "try", failed, "try", failed}, j.take())

		v, err = Ask(t.Context(), ref, func(r Reply[int]) act { r.Send(5); return failing(1, func() {}) })
		require.NoError(t, err)
		require.Equal(t, 5, v)
		require.Equal(t, []string{"try", failed, "try"}, j.take(), "it has failed after the reply")
	}, j.hooks())
}

// An actor that is not restarted does not handle it again.
func TestRedeliveryToAnActorThatStops(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Redeliver(1), Restart(Temporary))
		release := block(t, ref)
		ask := askAct(t.Context(), ref, func(Reply[int]) act {
			return func(*Context[act]) error { return errTest }
		})
		require.False(t, ask.over())
		tell(t, ref, nothing)
		close(release)
		require.True(t, ask.over())
		require.Equal(t, ErrStopped, ask.err)
		undelivered := "a has not got a message: actor: stopped"
		require.Equal(t, []string{"a failed: test failure; stops", undelivered, undelivered}, j.take())
		require.Equal(t, errTest, ref.Err())
		require.Equal(t, Stats{Accepted: 4, Handled: 2, Undelivered: 2}, ref.Stats())
	}, j.hooks())
}

// Timers and what else an incarnation has coming end with it, also if they are redelivered.
func TestOwnMessagesAreNotRedelivered(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Redeliver(3))
		tell(t, ref, func(c *Context[act]) error {
			c.After(0, func(*Context[act]) error { j.add("own"); return errTest })
			return nil
		})
		require.Equal(t, []string{"own", "a failed: test failure; restarts"}, j.take())
		require.Equal(t, Stats{Accepted: 2, Handled: 2}, ref.Stats())
	}, j.hooks())
}

func TestRedeliverThenGoOn(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := record(t, s, &j, "a", Redeliver(2))
		release := block(t, ref)
		tries := 0
		tell(t, ref, func(*Context[act]) error {
			if tries++; tries < 3 {
				return errTest
			}
			j.add("third time")
			return nil
		}, func(*Context[act]) error { j.add("again"); return errTest }, j.note("next"))
		j.take()
		close(release)
		var got []string
		for _, e := range j.take() {
			if e[0] != 'a' || e == "again" {
				got = append(got, e)
			}
		}
		require.Equal(t, []string{"third time", "again", "again", "again", "next"}, got)
		require.Equal(t, Stats{Accepted: 8, Handled: 8}, ref.Stats())
	})
}
