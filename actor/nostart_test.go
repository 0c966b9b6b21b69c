package actor

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// Told to stop, an actor that cannot start is not tried for ever.
func TestStopEndsWhoCannotStart(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		starts := 0
		var ref *Ref[act]
		ref = recordStart(t, s, new(journal), "a", func(*Context[act]) error {
			switch starts++; starts {
			case 1:
				return nil
			case 10:
				ref.actor.order(stop, nil)
			case 1000:
				ref.actor.kill() // in despair
			}
			return errTest
		}, Backoff(retry.Policy{MaxAttempts: -1, BaseDelay: -1}))
		release := block(t, ref)
		tell(t, ref, fails, nothing)
		close(release)
		<-ref.Done()
		require.Equal(t, 10, starts)
		require.Equal(t, errTest, ref.Err())
		require.Equal(t, Stats{Accepted: 3, Handled: 2, Undelivered: 1}, ref.Stats())
	})
}

// Nor is a permanent one that ends itself as soon as it has started: it comes to what it has.
func TestStopDrainsWhoEndsItselfInStarted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		starts := 0
		var ref *Ref[act]
		release := make(chan struct{})
		ref = recordStart(t, s, new(journal), "a", func(c *Context[act]) error {
			switch starts++; starts {
			case 1:
				<-release
			case 10:
				ref.actor.order(stop, nil)
			case 1000:
				ref.actor.kill() // in despair
			}
			c.Stop()
			return nil
		}, Restart(Permanent))
		tell(t, ref, j.note("one"), j.note("two"))
		close(release)
		synctest.Wait()
		<-ref.Done()
		require.Equal(t, []string{"one", "two"}, j.take())
		require.Equal(t, 10, starts)
	})
}

// However Started fails, nothing is handled before it has succeeded.
func TestFailuresOfStarted(t *testing.T) {
	for name, fail := range map[string]struct {
		on   act
		want string
	}{
		"error":  {fails, "a failed: test failure; restarts"},
		"panic":  {func(*Context[act]) error { panic("ouch") }, "a failed: panic ouch; restarts"},
		"goexit": {func(*Context[act]) error { runtime.Goexit(); return nil }, "a failed: " + ErrGoexit.Error() + "; restarts"},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			inBubble(t, func(t *testing.T, s *System) {
				starts := 0
				ref := recordStart(t, s, &j, "a", func(c *Context[act]) error {
					if starts++; starts <= 2 {
						c.After(0, j.note("of the incarnation before"))
						return fail.on(c)
					}
					return nil
				})
				tell(t, ref, j.note("handled"))
				time.Sleep(time.Hour)
				require.Equal(t, []string{"a 1 started", fail.want, "a 2 started", fail.want, "a 3 started", "handled"}, j.take())
				require.Equal(t, Stats{Accepted: 1, Handled: 1}, ref.Stats())
			}, j.hooks())
		})
	}
}
