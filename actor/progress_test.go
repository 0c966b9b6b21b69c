package actor

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// Without options, a restart is at once only if it has cost somebody a message: else an
// actor could be restarted as fast as it can, for ever.
func TestRestartsWithoutProgressPause(t *testing.T) {
	const limit = 1000
	for name, tt := range map[string]struct {
		opts  []Option
		begin func(c *Context[act]) error
	}{
		"Started fails": {nil, fails},
		"child escalates": {[]Option{Intensity(0, time.Second)}, func(c *Context[act]) error {
			_, err := Spawn(c, "child", func() Behavior[act] { return &recorder{j: new(journal), start: fails} })
			return err
		}},
		"result of a pipe": {nil, func(c *Context[act]) error {
			Pipe(c, func(context.Context) (int, error) { return 0, nil }, func(int, error) act { return fails })
			return nil
		}},
		"timer":        {nil, func(c *Context[act]) error { c.After(0, fails); return nil }},
		"stops itself": {[]Option{Restart(Permanent)}, func(c *Context[act]) error { c.Stop(); return nil }},
		"stops itself in time": {[]Option{Restart(Permanent)}, func(c *Context[act]) error {
			c.After(0, func(c *Context[act]) error { c.Stop(); return nil })
			return nil
		}},
		"stops itself, with a policy": {[]Option{Restart(Permanent), Backoff(retry.Policy{MaxAttempts: 2})},
			func(c *Context[act]) error { c.Stop(); return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				var starts atomic.Int64
				var well atomic.Bool
				ref := recordStart(t, s, new(journal), "a", func(c *Context[act]) error {
					if starts.Add(1) >= limit || well.Load() {
						return nil
					}
					return tt.begin(c)
				}, tt.opts...)
				time.Sleep(20 * time.Second)
				synctest.Wait()
				require.Greater(t, starts.Load(), int64(4), "but it goes on")
				require.Less(t, starts.Load(), int64(limit), "after 50 milliseconds in the mean, at least")
				if name != "stops itself in time" { // which is that it has handled a message
					require.Less(t, starts.Load(), int64(100), "and twice as long each time")
				}
				well.Store(true)
				time.Sleep(time.Minute)
				synctest.Wait()
				if ref.actor.config.backoff != nil {
					return
				}
				before := starts.Load()
				began := time.Now()
				tell(t, ref, fails, fails, nothing)
				synctest.Wait()
				require.Equal(t, before+2, starts.Load())
				require.Zero(t, time.Since(began))
			})
		})
	}
}

// To put a message aside is no progress: it comes back with the restart.
func TestStashIsNoProgress(t *testing.T) {
	for name, times := range map[string]int{"once": 1, "twice": 2} {
		t.Run(name, func(t *testing.T) {
			var decisions []Decision
			inBubble(t, func(t *testing.T, s *System) {
				ref := recordStart(t, s, new(journal), "a", func(c *Context[act]) error {
					c.After(time.Second, fails)
					return nil
				}, Backoff(retry.Policy{MaxAttempts: 4}))
				for range times {
					var stashed act
					stashed = func(c *Context[act]) error { c.Stash(stashed); return nil }
					tell(t, ref, stashed)
				}
				time.Sleep(time.Hour)
				require.Equal(t, errTest, ref.Err())
			}, OnFailure(func(f Failure) { decisions = append(decisions, f.Decision) }))
			require.Equal(t, []Decision{Restarts, Restarts, Restarts, Stops}, decisions)
		})
	}
}

// A stashed message, without a policy, does not buy a restart either.
func TestStashBuysNoRestart(t *testing.T) {
	var pauses []time.Duration
	inBubble(t, func(t *testing.T, s *System) {
		ref := recordStart(t, s, new(journal), "a", func(c *Context[act]) error {
			if len(pauses) < 20 {
				c.After(0, fails)
			}
			return nil
		})
		var stashed act
		stashed = func(c *Context[act]) error { c.Stash(stashed); return nil }
		tell(t, ref, stashed)
		time.Sleep(time.Hour)
		require.NoError(t, ref.Kill(t.Context()))
	}, OnFailure(func(f Failure) { pauses = append(pauses, f.Pause) }))
	require.Len(t, pauses, 20)
	require.NotZero(t, pauses[10]+pauses[11]+pauses[12])
}

func TestStashInStoppedPanics(t *testing.T) {
	var decisions []Decision
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", func() Behavior[act] { return lastAct{func(c *Context[act]) { c.Stash(nothing) }} })
		require.NoError(t, ref.Stop(t.Context()))
		require.Equal(t, Stats{}, ref.Stats())
		require.ErrorContains(t, ref.Err(), "actor: Stash in Stopped")
	}, OnFailure(func(f Failure) { decisions = append(decisions, f.Decision) }))
	require.Equal(t, []Decision{Ignores}, decisions)
}

// What its children did to the incarnation before is not held against the next one.
func TestIntensityBeginsAnewWithTheParent(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		var child *Ref[act]
		parent := recordStart(t, s, new(journal), "parent", func(c *Context[act]) error {
			child = spawn(t, c, "child", performer)
			return nil
		}, Intensity(1, time.Hour))
		tell(t, parent, nothing)
		for _, want := range []string{"parent/child restarts", "parent/child escalates", "parent/child restarts"} {
			synctest.Wait()
			tell(t, child, fails)
			synctest.Wait()
			require.Contains(t, j.take(), want)
		}
	}, OnFailure(func(f Failure) { j.add("%s %v", f.Actor.Path(), f.Decision) }))
}

// Each of those that fail together has the pause that it was promised.
func TestLongestPauseOfThoseRestartedTogether(t *testing.T) {
	for _, first := range []string{"a", "b"} {
		inBubble(t, func(t *testing.T, s *System) {
			j := &stamped{began: time.Now()}
			pause := Backoff(retry.Policy{BaseDelay: 10 * time.Second, Jitter: retry.NoJitter})
			refs := siblings(t, s, &j.journal, OneForAll, map[string][]Option{"b": {pause}})
			second := map[string]string{"a": "b", "b": "a"}[first]
			release := make(chan struct{})
			tell(t, refs[second], func(*Context[act]) error { <-release; return errTest })
			synctest.Wait()
			tell(t, refs[first], fails)
			synctest.Wait() // what restarts them waits for the second one, which then fails
			close(release)
			j.take()
			time.Sleep(10*time.Second - 1)
			require.Empty(t, j.take(), first)
			time.Sleep(time.Nanosecond)
			require.Equal(t, []string{"a 2 started", "b 2 started", "c 2 started"}, j.take(), first)
			// That was once.
			tell(t, refs["a"], fails)
			require.Contains(t, j.take(), "b 3 started")
		})
	}
}

// retry.Permanent has the actor fail for good with and without a policy.
func TestPermanentError(t *testing.T) {
	for name, opts := range map[string][]Option{"policy": {Backoff(retry.Policy{})}, "no policy": nil} {
		inBubble(t, func(t *testing.T, s *System) {
			for _, start := range []bool{true, false} {
				starts := 0
				ref := recordStart(t, s, new(journal), "a", func(*Context[act]) error {
					if starts++; start {
						return retry.Permanent(errTest)
					}
					return nil
				}, opts...)
				_ = ref.TryTell(func(*Context[act]) error { return retry.Permanent(errTest) })
				<-ref.Done()
				require.ErrorIs(t, ref.Err(), errTest, name)
				require.Equal(t, 1, starts, name)
			}
		})
	}
}
