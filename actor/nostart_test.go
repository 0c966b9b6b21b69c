package actor

import (
	"testing"
	"testing/synctest"

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
		ref = recordStart(t, s, new(journal), "a", func(c *Context[act]) error {
			switch starts++; starts {
			case 10:
				ref.actor.order(stop, nil)
			case 1000:
				ref.actor.kill() // in despair
			}
			c.Stop()
			return nil
		}, Restart(Permanent))
		tell(t, ref, j.note("one"), j.note("two"))
		synctest.Wait()
		<-ref.Done()
		require.Equal(t, []string{"one", "two"}, j.take())
		require.Equal(t, 10, starts)
	})
}
