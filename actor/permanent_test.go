package actor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// endingAct does something when it is told that it ends, and notes how often it begins.
type endingAct struct {
	j  *journal
	on func()
}

func (e endingAct) Started(*Context[act]) error          { e.j.add("started"); return nil }
func (e endingAct) Receive(c *Context[act], m act) error { return m(c) }
func (e endingAct) Stopping(*Context[act], error)        { e.on() }
func (e endingAct) Stopped(_ *Context[act], cause error) { e.j.add("stopped: %v", cause) }

// A permanent actor that ends itself when it is also told to stop is restarted for what it
// has left.
func TestStopDrainsAPermanentActorThatEndsItself(t *testing.T) {
	for _, when := range []string{"before", "after", "in Stopping"} {
		inBubble(t, func(t *testing.T, s *System) {
			var j journal
			var ref *Ref[act]
			isStopped := func(now string) {
				if when == now {
					ref.actor.order(stop, nil)
				}
			}
			ref = spawn(t, s, "a", func() Behavior[act] { return endingAct{&j, func() { isStopped("in Stopping") }} }, Restart(Permanent))
			release := block(t, ref)
			tell(t, ref, func(c *Context[act]) error {
				isStopped("before")
				c.Stop()
				isStopped("after")
				return nil
			}, j.note("drained"), func(c *Context[act]) error { c.Stop(); return nil })
			close(release)
			<-ref.Done()
			require.Equal(t, []string{"started", "started", "drained", "stopped: <nil>"}, j.take(), when)
		})
	}
}

// An actor that ends itself and is restarted does not wait for what its children have yet
// to do, which may need the actor itself.
func TestPermanentParentEndsItself(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		parent := record(t, s, &j, "parent", Restart(Permanent), Mailbox(1, Block))
		child := spawn(t, parent, "child", performer)
		release := block(t, parent)
		tell(t, child, func(c *Context[act]) error {
			_, err := Ask(c, parent, replies(1)) // there is room for it
			j.add("ask: %v", err)
			return nil
		})
		synctest.Wait()
		teller := spawn(t, parent, "teller", performer)
		tell(t, teller, func(c *Context[act]) error {
			j.add("tell: %v", parent.Tell(c, nothing)) // and for this there is none
			return nil
		})
		synctest.Wait()
		parent.actor.order(retire, nil)
		close(release)
		require.ElementsMatch(t, []string{"parent 1 started", "parent 1 stopping: <nil>", "ask: context canceled",
			"tell: context canceled", "parent 2 started"}, j.take())
		v, err := Ask(t.Context(), parent, replies(7))
		require.NoError(t, err)
		require.Equal(t, 7, v)
	})
}

// One that ends itself too often has failed for good, as one that fails does.
func TestPermanentEndsTooOften(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		parent := spawn(t, s, "parent", performer, Intensity(2, time.Minute), Restart(Temporary))
		child := spawn(t, parent, "child", performer, Restart(Permanent))
		ends := func(c *Context[act]) error { c.Stop(); return nil }
		tell(t, child, ends, ends)
		synctest.Wait()
		require.NoError(t, parent.Err())
		tell(t, child, ends)
		<-parent.Done()
		var escalated *EscalatedError
		require.ErrorAs(t, parent.Err(), &escalated)
		require.Equal(t, "parent/child", escalated.Child)
		require.Equal(t, ErrStopped, escalated.Err, "it has stopped itself")
		require.NoError(t, child.Err())
	})
}
