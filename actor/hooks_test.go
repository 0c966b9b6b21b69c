package actor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// A hook is called before what was decided is done, with no lock held: it may tell the actor
// something, spawn others, and have the actor stop.
func TestFailureHookComesFirst(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := record(t, s, &j, "a", Restart(Permanent), OnFailure(func(f Failure) {
			j.add("%v after %v", f.Decision, f.Pause)
			ref := f.Actor.(*Ref[act])
			require.NoError(t, ref.TryTell(j.note("from the hook")))
			spawn(t, s, "", performer)
			require.ErrorIs(t, spawnNamed(s, "a"), ErrNameTaken)
			require.ErrorIs(t, spawnError(f.Actor), ErrRestarted, "it has ended")
			require.NoError(t, f.Actor.Err(), "but not for good")
		}), Backoff(retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}))
		tell(t, ref, fails)
		time.Sleep(time.Second)
		require.Equal(t, []string{"a 1 started", "a 1 stopping: test failure", "restarts after 1s",
			"a 2 started", "from the hook"}, j.take())

		// What the hook does counts: an actor that it kills is not started again.
		ref = record(t, s, &j, "b", OnFailure(func(f Failure) {
			j.add("%v", f.Decision)
			f.Actor.(*Ref[act]).actor.kill()
		}))
		tell(t, ref, fails)
		require.Equal(t, []string{"b 1 started", "b 1 stopping: test failure", "restarts", "b 1 stopped: <nil>"}, j.take())
		require.NoError(t, ref.Err(), "it was told to end")
	})
}

// A message that the hook sends again, as it was dropped, drops the next one.
func TestUndeliveredHookMayTell(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var got, lost []int
		var ref *Ref[int]
		release := make(chan struct{})
		again := 3
		ref = spawn(t, s, "a", handler(func(_ *Context[int], m int) error {
			<-release
			got = append(got, m)
			return nil
		}), Mailbox(2, DropOldest), OnUndelivered(func(u Undelivered) {
			require.Equal(t, ErrDropped, u.Reason)
			require.Equal(t, Actor(ref), u.To)
			lost = append(lost, u.Message.(int))
			if again--; again >= 0 {
				require.NoError(t, ref.TryTell(u.Message.(int)))
			}
		}))
		tell(t, ref, 0)
		synctest.Wait()
		tell(t, ref, 1, 2, 3)
		close(release)
		synctest.Wait()
		require.Equal(t, []int{1, 2, 3, 1}, lost)
		require.Equal(t, []int{0, 2, 3}, got)
		require.Equal(t, Stats{Accepted: 7, Handled: 3, Undelivered: 4}, ref.Stats())
	})
}

// Each failure is told once, with what was decided.
func TestDecisions(t *testing.T) {
	for _, tt := range []struct {
		opts []Option
		want []Decision
	}{
		{nil, []Decision{Restarts, Restarts}},
		{[]Option{Restart(Temporary)}, []Decision{Stops}},
		{[]Option{Redeliver(2)}, []Decision{Restarts, Restarts, Restarts, Restarts, Restarts, Restarts}},
		{[]Option{Backoff(retry.Policy{MaxAttempts: 2})}, []Decision{Restarts, Escalates}},
		{[]Option{Backoff(retry.Policy{MaxAttempts: 1})}, []Decision{Escalates}},
	} {
		inBubble(t, func(t *testing.T, s *System) {
			var decisions []Decision
			parent := spawn(t, s, "parent", performer, Restart(Temporary))
			child := spawn(t, parent, "child", performer, append(tt.opts, OnFailure(func(f Failure) {
				require.Equal(t, "parent/child", f.Actor.Path())
				require.Equal(t, errTest, f.Err)
				require.NotNil(t, f.Message)
				decisions = append(decisions, f.Decision)
			}))...)
			release := block(t, child)
			tell(t, child, fails, fails)
			close(release)
			time.Sleep(time.Hour)
			synctest.Wait()
			require.Equal(t, tt.want, decisions)
			require.Equal(t, decisions[len(decisions)-1] == Escalates, parent.Err() != nil)
		})
	}
}

// One that is killed while it fails is not restarted, and that is no failure of its parent.
func TestKilledWhileItFails(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var decisions []Decision
		made := 0
		parent := spawn(t, s, "parent", performer, Intensity(0, time.Hour), Restart(Temporary))
		ref := spawn(t, parent, "a", func() Behavior[act] { made++; return performer() },
			OnFailure(func(f Failure) { decisions = append(decisions, f.Decision) }))
		tell(t, ref, func(c *Context[act]) error { ref.actor.kill(); return errTest })
		<-ref.Done()
		require.Equal(t, []Decision{Stops}, decisions)
		require.Equal(t, 1, made)
		require.Equal(t, errTest, ref.Err())
		synctest.Wait()
		require.NoError(t, parent.Err())
		require.NoError(t, parent.Stop(t.Context()))
	})
}
