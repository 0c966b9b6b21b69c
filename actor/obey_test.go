package actor

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

func untilEnd(c *Context[act]) error {
	<-c.Done()
	return c.Err()
}

// One failure is one restart, whatever those return whose context ends because of it.
func TestRestartTogetherCountsOnce(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		parent := spawn(t, s, "parent", performer, Supervise(OneForAll), Intensity(1, time.Hour))
		a, b := spawn(t, parent, "a", performer), spawn(t, parent, "b", performer)
		asked := askAct(t.Context(), b, func(Reply[int]) act { return untilEnd })
		synctest.Wait()
		tell(t, a, fails)
		require.Equal(t, []string{"parent/a failed: test failure; restarts"}, j.take())
		require.NoError(t, parent.Err())
		require.True(t, asked.over())
		require.Equal(t, ErrRestarted, asked.err, "the context that has ended is not that of who asks")
	}, j.hooks())
}

func TestKilledThatReturnsTheErrorOfItsContext(t *testing.T) {
	var failed []string
	inBubble(t, func(t *testing.T, s *System) {
		for _, ref := range []*Ref[act]{
			spawn(t, s, "in Receive", performer),
			spawn(t, s, "in Started", func() Behavior[act] { return &recorder{j: new(journal), start: untilEnd} }),
		} {
			asked := askAct(t.Context(), ref, func(Reply[int]) act { return untilEnd })
			synctest.Wait()
			require.NoError(t, ref.Kill(t.Context()))
			require.NoError(t, ref.Err())
			require.True(t, asked.over())
			require.ErrorIs(t, asked.err, ErrStopped)
		}
		// Somebody else's context is a failure.
		ref := spawn(t, s, "c", performer, Restart(Temporary))
		tell(t, ref, func(*Context[act]) error { return context.Canceled })
		<-ref.Done()
		require.Equal(t, context.Canceled, ref.Err())
	}, OnFailure(func(f Failure) { failed = append(failed, f.Actor.Path()) }))
	require.Equal(t, []string{"c"}, failed)
}

// After a restart, what was derived from the context of before stays ended.
func TestValueContextStaysEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		type key struct{}
		ref := spawn(t, s, "a", performer)
		var kept context.Context
		tell(t, ref, func(c *Context[act]) error {
			kept = context.WithValue(c, key{}, 1)
			return errTest
		}, nothing)
		synctest.Wait()
		require.Equal(t, context.Canceled, kept.Err())
		<-kept.Done()
		require.Equal(t, ErrRestarted, context.Cause(kept))
		tell(t, ref, func(c *Context[act]) error { require.NoError(t, c.Err()); return nil })
	})
}

func TestKilledBeforeTheFactory(t *testing.T) {
	built := 0
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", func() Behavior[act] { built++; return performer() })
		tell(t, ref, fails)
		<-ref.Done()
	}, OnFailure(func(f Failure) { f.Actor.(*Ref[act]).actor.kill() }))
	require.Equal(t, 1, built)
}

func TestNothingBeginsInStopping(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		other := spawn(t, s, "other", performer)
		var ref *Ref[act]
		called := false
		ref = spawn(t, s, "a", func() Behavior[act] {
			return endingAct{new(journal), func() {
				c := ref.actor.context
				Pipe(c, func(context.Context) (int, error) { called = true; return 0, nil }, func(int, error) act { return nothing })
				c.Watch(other, func(Terminated) act { return nothing })()
				require.Zero(t, ref.actor.more.watches.Len())
			}}
		})
		require.NoError(t, ref.Stop(t.Context()))
		require.False(t, called)
	})
}

func TestRouterWithoutAFactory(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		const want = "actor: NewRouter without a route or a factory"
		require.PanicsWithValue(t, want, func() { _, _ = NewRouter[int](t.Context(), s, "r", 1, RoundRobin[int](), nil) })
		require.PanicsWithValue(t, want, func() { _, _ = NewRouter(t.Context(), s, "r", 1, nil, performer) })
	})
}

// After a message that was handled the pauses begin anew.
func TestDecorrelatedPausesBeginAnew(t *testing.T) {
	var pauses []time.Duration
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Backoff(retry.Policy{MaxAttempts: -1, BaseDelay: time.Second, MaxDelay: time.Hour,
			Jitter: retry.DecorrelatedJitter, Rand: func(n int64) int64 { return n - 1 }}))
		tell(t, ref, fails, fails, fails)
		time.Sleep(time.Hour)
		tell(t, ref, nothing, fails)
		time.Sleep(time.Hour)
	}, OnFailure(func(f Failure) { pauses = append(pauses, f.Pause) }))
	require.Len(t, pauses, 4)
	require.Less(t, pauses[0], pauses[2])
	require.Equal(t, pauses[0], pauses[3])
}

// Code of the user that Backoff calls ends the goroutine.
func TestGoexitInRetryable(t *testing.T) {
	calls := 0
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Backoff(retry.Policy{Retryable: func(error) bool {
			if calls++; calls < 1000 {
				runtime.Goexit()
			}
			return true
		}}))
		tell(t, ref, fails)
		<-ref.Done()
		require.Equal(t, errTest, ref.Err())
	})
	require.Equal(t, 1, calls)
}

func TestStoppedActorKeepsNoCulprit(t *testing.T) {
	type large [1 << 20]byte
	s := NewSystem(OnFailure(func(Failure) {}), Restart(Temporary))
	ref := spawn(t, s, "", handler(func(*Context[*large], *large) error { return errTest }))
	message := new(large)
	kept := weak.Make(message)
	tell(t, ref, message)
	message = nil
	<-ref.Done()
	require.NoError(t, s.Shutdown(t.Context()))
	for range 3 {
		runtime.GC()
	}
	require.Nil(t, kept.Value())
	runtime.KeepAlive(ref)
}
