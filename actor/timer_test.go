package actor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// stamped has an actor that notes when, since the beginning, it handles what.
type stamped struct {
	journal
	began time.Time
}

func (s *stamped) note(what string) act {
	return func(*Context[act]) error {
		s.add("%s at %v", what, time.Since(s.began))
		return nil
	}
}

func TestAfter(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		j := &stamped{began: time.Now()}
		ref := spawn(t, s, "", performer)
		tell(t, ref, func(c *Context[act]) error {
			c.After(2*time.Second, j.note("late"))
			c.After(time.Second, j.note("early"))
			c.After(0, j.note("now"))
			c.After(-1, j.note("before"))
			return nil
		})
		time.Sleep(time.Hour)
		require.Equal(t, []string{"now at 0s", "before at 0s", "early at 1s", "late at 2s"}, j.take())
		require.Zero(t, ref.actor.more.timers.Len())
	})
}

func TestEvery(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		j := &stamped{began: time.Now()}
		ref := spawn(t, s, "", performer)
		var timer *Timer
		ticks := 0
		tell(t, ref, func(c *Context[act]) error {
			timer = c.Every(time.Second, func(*Context[act]) error {
				j.add("tick at %v", time.Since(j.began))
				if ticks++; ticks == 2 {
					time.Sleep(2500 * time.Millisecond)
				}
				if ticks == 4 {
					require.True(t, timer.Stop())
					require.False(t, timer.Stop())
				}
				return nil
			})
			return nil
		})
		time.Sleep(time.Minute)
		require.Equal(t, []string{"tick at 1s", "tick at 2s", "tick at 4.5s", "tick at 5s"}, j.take(),
			"one waits while the actor is busy, not two, and the rest is in time")
		require.PanicsWithValue(t, "actor: Every 0s", func() { ref.actor.context.Every(0, nil) })
	})
}

// A timer that was not served in time, as on a machine that was suspended, keeps its beat.
func TestEveryThatIsLate(t *testing.T) {
	for late, want := range map[time.Duration]time.Duration{
		0:                       2000 * time.Millisecond,
		900 * time.Millisecond:  1100 * time.Millisecond,
		1000 * time.Millisecond: 2000 * time.Millisecond,
		2500 * time.Millisecond: 1500 * time.Millisecond,
	} {
		inBubble(t, func(t *testing.T, s *System) {
			j := &stamped{began: time.Now()}
			ref := spawn(t, s, "", performer)
			timer := ref.actor.context.Every(time.Second, j.note("tick"))
			timer.cell.mu.Lock()
			timer.due -= late // as if what comes after a second came that much too late
			timer.cell.mu.Unlock()
			time.Sleep(2100 * time.Millisecond)
			require.Equal(t, []string{"tick at 1s", "tick at " + want.String()}, j.take()[:2])
		})
	}
}

func TestTimerStop(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := spawn(t, s, "", performer)
		tell(t, ref, func(c *Context[act]) error {
			set := c.After(time.Second, j.note("never"))
			require.True(t, set.Stop())
			require.False(t, set.Stop())
			waiting := c.After(0, j.note("never"))
			require.True(t, waiting.Stop(), "it is in the mailbox")
			handled := c.After(time.Second, nothing)
			c.After(2*time.Second, func(*Context[act]) error {
				require.False(t, handled.Stop())
				j.add("over")
				return nil
			})
			return nil
		})
		time.Sleep(time.Hour)
		require.Equal(t, []string{"over"}, j.take())
		stats := ref.Stats()
		require.Equal(t, Stats{Accepted: 3, Handled: 3}, stats, "what was withdrawn does not count")
	})
}

// Timers belong to an incarnation, and so does what they have sent.
func TestTimersEndWithTheIncarnation(t *testing.T) {
	for name, end := range map[string]func(*Ref[act]){
		"failure": func(ref *Ref[act]) { _ = ref.TryTell(func(*Context[act]) error { return errTest }) },
		"stop":    func(ref *Ref[act]) { ref.actor.order(stop, nil) },
		"kill":    func(ref *Ref[act]) { ref.actor.kill() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				var j journal
				ref := spawn(t, s, "", performer)
				tell(t, ref, func(c *Context[act]) error {
					c.After(time.Second, j.note("after"))
					c.Every(time.Second, j.note("every"))
					end(ref)
					c.After(0, j.note("behind the failure"))
					return nil
				})
				time.Sleep(time.Hour)
				require.Empty(t, j.take())
				require.Zero(t, ref.Stats().Waiting)
				require.Zero(t, ref.Stats().Undelivered, "own messages are withdrawn")
				if name == "failure" {
					tell(t, ref, func(c *Context[act]) error { c.After(time.Second, j.note("new")); return nil })
					time.Sleep(time.Second)
					require.Equal(t, []string{"new"}, j.take())
				}
			})
		})
	}
}

func TestTimersOfAnActorThatHasStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer)
		require.NoError(t, ref.Stop(t.Context()))
		ref.actor.context.After(time.Second, nothing)
		ref.actor.context.After(0, nothing)
		time.Sleep(time.Minute)
		require.Zero(t, ref.Stats().Accepted)
	})
}

func TestOwnMessagesHaveNoPartInTheBound(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := spawn(t, s, "", performer, Mailbox(1, DropOldest))
		tell(t, ref, func(c *Context[act]) error {
			c.After(time.Second, j.note("timer"))
			return nil
		})
		synctest.Wait()
		release := block(t, ref)
		time.Sleep(time.Second)
		synctest.Wait()
		tell(t, ref, j.note("dropped"), j.note("kept"))
		close(release)
		require.Equal(t, []string{"timer", "kept"}, j.take())
		require.Equal(t, Stats{Accepted: 5, Handled: 4, Undelivered: 1}, ref.Stats())
	})
}
