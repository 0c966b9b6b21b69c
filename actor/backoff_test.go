package actor

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

func TestBackoff(t *testing.T) {
	var pauses []time.Duration
	inBubble(t, func(t *testing.T, s *System) {
		j := &stamped{began: time.Now()}
		ref := spawn(t, s, "a", performer, Backoff(retry.Policy{MaxAttempts: 4, BaseDelay: time.Second, Jitter: retry.NoJitter}))
		tell(t, ref, fails, fails, j.note("handled"), fails, fails, fails, fails, j.note("never"))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, []string{"handled at 3s"}, j.take())
		require.Equal(t, errTest, ref.Err())
		require.EqualValues(t, 1, ref.Stats().Undelivered)
	}, OnFailure(func(f Failure) { pauses = append(pauses, f.Pause) }))
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, time.Second, 2 * time.Second, 4 * time.Second, 0}, pauses,
		"a message that is handled begins anew")
}

func TestBackoffDecidesByTheError(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Backoff(retry.Policy{Retryable: func(err error) bool { return !errors.Is(err, errTest) }}))
		tell(t, ref, func(*Context[act]) error { return errors.ErrUnsupported })
		time.Sleep(time.Second)
		synctest.Wait()
		require.NoError(t, ref.Err())
		tell(t, ref, fails)
		<-ref.Done()
		ref = spawn(t, s, "b", performer, Backoff(retry.Policy{}))
		tell(t, ref, func(*Context[act]) error { return retry.Permanent(errTest) })
		<-ref.Done()
		require.ErrorIs(t, ref.Err(), errTest)
		ref = spawn(t, s, "c", performer, Backoff(retry.Policy{}))
		began := time.Now()
		tell(t, ref, func(*Context[act]) error { return retry.After(errTest, time.Second) }, func(*Context[act]) error {
			require.Equal(t, time.Second, time.Since(began))
			return nil
		})
		time.Sleep(time.Minute)
	})
}

// What fails before its first message uses up none: it pauses even without a policy.
func TestFailingStartPauses(t *testing.T) {
	var pauses []time.Duration
	inBubble(t, func(t *testing.T, s *System) {
		j := &stamped{began: time.Now()}
		starts := 0
		ref := recordStart(t, s, &j.journal, "a", func(*Context[act]) error {
			if starts++; starts <= 20 {
				panic(errTest)
			}
			return nil
		})
		tell(t, ref, nothing)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 21, starts)
		require.EqualValues(t, 1, ref.Stats().Handled)
	}, OnFailure(func(f Failure) { pauses = append(pauses, f.Pause) }))
	require.Len(t, pauses, 20)
	total := time.Duration(0)
	for i, pause := range pauses {
		total += pause
		require.LessOrEqual(t, pause, min(100*time.Millisecond<<i, 30*time.Second))
	}
	require.Greater(t, total, time.Second)
}

func TestFailingFactory(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		made := 0
		factory := func() Behavior[act] {
			switch made++; made {
			case 2:
				panic(errTest)
			case 3:
				return nil
			case 4:
				runtime.Goexit()
			}
			return performer()
		}
		ref := spawn(t, s, "a", factory)
		tell(t, ref, fails, nothing)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 5, made)
		require.Equal(t, Stats{Accepted: 2, Handled: 2}, ref.Stats())
	})
}

func TestStopDuringAPause(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := record(t, s, &j, "a", Backoff(retry.Policy{BaseDelay: time.Hour, MaxDelay: time.Hour, Jitter: retry.NoJitter}))
		tell(t, ref, fails, nothing)
		j.take()
		began := time.Now()
		require.NoError(t, ref.Stop(t.Context()))
		require.Zero(t, time.Since(began))
		require.Equal(t, []string{"a 1 stopped: test failure"}, j.take())
		require.EqualValues(t, 1, ref.Stats().Undelivered)
		// Nor does one that is stopping begin a pause.
		ref = record(t, s, &j, "b", Backoff(retry.Policy{BaseDelay: time.Hour, MaxDelay: time.Hour}))
		release := block(t, ref)
		tell(t, ref, fails, nothing)
		ref.actor.order(stop, nil)
		close(release)
		<-ref.Done()
		require.Zero(t, time.Since(began))
	})
}

// A failure before the first message is no reason to pause after later ones.
func TestNoPauseOnceStarted(t *testing.T) {
	var pauses []time.Duration
	inBubble(t, func(t *testing.T, s *System) {
		starts := 0
		ref := recordStart(t, s, new(journal), "a", func(*Context[act]) error {
			if starts++; starts == 1 {
				return errTest
			}
			return nil
		})
		time.Sleep(time.Hour)
		synctest.Wait()
		tell(t, ref, fails, fails)
		synctest.Wait()
		require.Equal(t, 4, starts)
	}, OnFailure(func(f Failure) { pauses = append(pauses, f.Pause) }))
	require.Equal(t, []time.Duration{0, 0}, pauses[1:])
}

// The timer of a pause ends with it.
func TestStopEndsThePauseForGood(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Backoff(retry.Policy{BaseDelay: time.Hour, Jitter: retry.NoJitter}))
		tell(t, ref, fails)
		synctest.Wait()
		require.Equal(t, waiting, ref.actor.phase)
		require.NoError(t, ref.Stop(t.Context()))
		require.False(t, ref.actor.more.revival.Stop(), "it was stopped")
	})
}

// Who ends itself has not failed, and does not pause.
func TestNoPauseForWhoEndsItself(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		j := &stamped{began: time.Now()}
		ref := spawn(t, s, "a", performer, Restart(Permanent), Backoff(retry.Policy{MaxAttempts: 2, BaseDelay: time.Hour}))
		for range 3 {
			tell(t, ref, func(c *Context[act]) error { c.Stop(); return nil })
		}
		tell(t, ref, j.note("next"))
		time.Sleep(time.Minute)
		require.Equal(t, []string{"next at 0s"}, j.take())
	})
}

// What would be restarted after a pause is not restarted when it is stopping, and says so.
func TestWhoStopsDoesNotPause(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Backoff(retry.Policy{BaseDelay: time.Hour, Jitter: retry.NoJitter}))
		release := block(t, ref)
		tell(t, ref, fails)
		ref.actor.order(stop, nil)
		close(release)
		<-ref.Done()
		require.Equal(t, []string{"a failed: test failure; stops"}, j.take())
	}, j.hooks())
}
