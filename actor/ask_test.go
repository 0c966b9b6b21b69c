package actor

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lockSensor is a context that notices when one of its methods is called while an actor is
// locked.
type lockSensor struct {
	context.Context
	locked func() bool
	found  bool
}

func (c *lockSensor) look() {
	if c.locked() {
		c.found = true
	}
}

func (c *lockSensor) Done() <-chan struct{} { c.look(); return c.Context.Done() }
func (c *lockSensor) Err() error            { c.look(); return c.Context.Err() }
func (c *lockSensor) Value(key any) any     { c.look(); return c.Context.Value(key) }

func TestAsk(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		v, err := Ask(t.Context(), ref, replies(7))
		require.NoError(t, err)
		require.Equal(t, 7, v)

		_, err = Ask(t.Context(), ref, func(r Reply[int]) act {
			return func(*Context[act]) error { r.Fail(errTest); return nil }
		})
		require.Equal(t, errTest, err, "it is the reply, no failure of the actor")

		later := askAct(t.Context(), ref, func(r Reply[int]) act {
			return func(*Context[act]) error {
				go func() {
					time.Sleep(time.Second)
					r.Send(8)
				}()
				return nil
			}
		})
		require.False(t, later.over())
		time.Sleep(time.Second)
		require.True(t, later.over(), "a reply can come from any goroutine")
		require.NoError(t, later.err)
		require.Equal(t, 8, later.value)
		require.Equal(t, Stats{Accepted: 3, Handled: 3}, ref.Stats())
	})
}

func TestAskWithAnEndedContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := Ask(ctx, ref, func(Reply[int]) act { t.Error("called"); return nil })
		require.Equal(t, context.Canceled, err)
		require.Equal(t, context.Canceled, ref.Tell(ctx, nil))
		require.Zero(t, ref.Stats())
	})
}

func TestCancelledAskIsSkippedAndReported(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		release := block(t, ref)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ask := askAct(ctx, ref, func(Reply[int]) act { return j.note("handled") })
		require.False(t, ask.over())
		tell(t, ref, j.note("next"))
		time.Sleep(time.Second)
		require.True(t, ask.over())
		require.Equal(t, context.DeadlineExceeded, ask.err)
		require.EqualValues(t, 3, ref.Stats().Waiting, "until its turn comes")
		close(release)
		require.Equal(t, []string{"a has not got a message: context deadline exceeded", "next"}, j.take())
		require.Equal(t, Stats{Accepted: 3, Handled: 2, Undelivered: 1}, ref.Stats())
	}, j.hooks())
}

func TestCancelledAskThatIsBeingHandled(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		ctx, cancel := context.WithCancel(t.Context())
		ask := askAct(ctx, ref, func(r Reply[int]) act {
			return func(*Context[act]) error {
				time.Sleep(time.Second)
				r.Send(1)
				j.add("handled")
				return nil
			}
		})
		require.False(t, ask.over())
		cancel()
		require.True(t, ask.over(), "it does not wait for the actor")
		require.Equal(t, context.Canceled, ask.err)
		time.Sleep(time.Second)
		require.Equal(t, []string{"handled"}, j.take(), "a late reply goes nowhere")
		require.Equal(t, Stats{Accepted: 1, Handled: 1}, ref.Stats())
	}, j.hooks())
}

// Asks of an actor, whose own lock is taken by the methods of its context.
func TestNoMethodOfAContextIsCalledWithALockHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer, Mailbox(1, Block))
		ctx, cancel := context.WithCancel(t.Context())
		sensor := &lockSensor{Context: ctx, locked: func() bool {
			for range 1_000_000 { // another goroutine may have it for a moment, or be held up in it
				if ref.actor.mu.TryLock() {
					ref.actor.mu.Unlock()
					return false
				}
				runtime.Gosched()
			}
			return true
		}}
		release := block(t, ref)
		waits := askAct(sensor, ref, silent)
		require.False(t, waits.over())
		blocked := askAct(sensor, ref, silent)
		require.False(t, blocked.over())
		told := tellLater(sensor, ref, nothing)
		require.False(t, told.over())
		stops := background(func() (int, error) { return 0, ref.Stop(sensor) })
		require.False(t, stops.over())
		cancel()
		require.True(t, waits.over())
		require.True(t, blocked.over())
		require.True(t, told.over())
		require.True(t, stops.over())
		require.False(t, sensor.found)
		close(release)
	})
}
