package actor

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Nothing is handled before Started has returned, in no incarnation.
func TestStartedComesFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := recordStart(t, s, &j, "a", func(*Context[act]) error {
			time.Sleep(time.Second)
			j.add("returns")
			return nil
		})
		tell(t, ref, j.note("one"), fails, j.note("two"))
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a 1 started", "returns", "one", "a 1 stopping: test failure",
			"a 2 started", "returns", "two"}, j.take())
	})
}

func TestStopBeforeStarted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		slow := func(*Context[act]) error { time.Sleep(time.Second); return nil }
		ref := recordStart(t, s, &j, "a", slow)
		tell(t, ref, j.note("handled"))
		synctest.Wait()
		require.NoError(t, ref.Stop(t.Context()))
		require.Equal(t, []string{"a 1 started", "handled", "a 1 stopping: <nil>", "a 1 stopped: <nil>"}, j.take())

		ref = recordStart(t, s, &j, "b", slow)
		tell(t, ref, j.note("never"))
		synctest.Wait()
		require.NoError(t, ref.Kill(t.Context()))
		require.Equal(t, []string{"b 1 started", "b 1 stopping: <nil>", "b 1 stopped: <nil>"}, j.take())

		// Killed before its first turn it is not started; that it has stopped is told anyway.
		ref = record(t, s, &j, "c")
		ref.actor.kill()
		require.NoError(t, ref.Stop(t.Context()))
		require.Subset(t, []string{"c 1 started", "c 1 stopping: <nil>", "c 1 stopped: <nil>"}, j.take())
	})
}

// However many tell it to, an actor stops once.
func TestStoppedOnceAndLast(t *testing.T) {
	for range 200 / slowdown {
		var j journal
		s := NewSystem()
		ref := record(t, s, &j, "a")
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				_ = ref.TryTell(nothing)
				if i%3 == 0 {
					_ = ref.Kill(context.Background())
				} else {
					_ = ref.Stop(context.Background())
				}
				j.mu.Lock()
				defer j.mu.Unlock()
				if last := j.entries[len(j.entries)-1]; last != "a 1 stopped: <nil>" {
					t.Errorf("last: %s", last)
				}
			})
		}
		wg.Wait()
		count := 0
		for _, e := range j.entries {
			if e == "a 1 stopped: <nil>" {
				count++
			}
		}
		require.Equal(t, 1, count)
		require.NoError(t, s.Shutdown(context.Background()))
	}
}

func TestStopDrainsAndKillDoesNot(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := record(t, s, &j, "a")
		release := block(t, ref)
		tell(t, ref, j.note("one"), fails, j.note("two"))
		j.take()
		stopped := background(func() (int, error) { return 0, ref.Stop(t.Context()) })
		require.False(t, stopped.over())
		require.ErrorIs(t, ref.Tell(t.Context(), nothing), ErrStopped)
		require.NoError(t, ref.Err())
		select {
		case <-ref.Done():
			t.Fatal("done")
		default:
		}
		close(release)
		require.True(t, stopped.over())
		<-ref.Done()
		require.Equal(t, []string{"one", "a 1 stopping: test failure", "a 2 started", "two",
			"a 2 stopping: <nil>", "a 2 stopped: <nil>"}, j.take())
		require.NoError(t, ref.Err())

		ref = record(t, s, &j, "b")
		release = block(t, ref)
		tell(t, ref, j.note("never"), j.note("never"))
		j.take()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, ref.Kill(ctx), context.DeadlineExceeded)
		require.Error(t, ref.actor.context.Err(), "the context of the message has ended")
		close(release)
		<-ref.Done()
		require.Equal(t, []string{"b 1 stopping: <nil>", "b 1 stopped: <nil>"}, j.take())
		require.Equal(t, Stats{Accepted: 3, Handled: 1, Undelivered: 2}, ref.Stats())
	})
}

// To stop from within would be to wait for itself.
func TestStopFromWithin(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		parent := record(t, s, &j, "parent")
		child := record(t, parent, &j, "child")
		var cycle *CycleError
		release := block(t, child)
		tell(t, child, func(c *Context[act]) error {
			ctx, cancel := context.WithTimeout(c, time.Hour)
			defer cancel()
			require.ErrorAs(t, c.Self().Stop(ctx), &cycle)
			require.ErrorAs(t, c.Parent().Stop(ctx), &cycle)
			require.ErrorAs(t, s.Shutdown(ctx), &cycle)
			return nil
		}, j.note("drained"))
		close(release)
		<-parent.Done()
		require.NoError(t, s.Shutdown(t.Context()))
		entries := j.take()
		require.Contains(t, entries, "drained")
		require.Contains(t, entries, "child 1 stopped: <nil>")
		require.Equal(t, "parent 1 stopped: <nil>", entries[len(entries)-1])
		require.ErrorIs(t, spawnError(s), ErrStopped)
	})
}

func spawnError(parent Parent) error {
	_, err := Spawn(parent, "", performer)
	return err
}

func TestFailuresAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(){
		"panic":  func() { panic(errTest) },
		"goexit": func() { runtime.Goexit() },
	} {
		var failures []Failure
		inBubble(t, func(t *testing.T, s *System) {
			ref := spawn(t, s, "a", func() Behavior[act] { return badEnd{end} })
			require.NoError(t, ref.Stop(t.Context()))
			require.Error(t, ref.Err(), name)
			require.ErrorIs(t, spawnError(ref), ErrStopped)
			ref = spawn(t, s, "a", func() Behavior[act] { return badEnd{end} })
			tell(t, ref, fails, nothing)
			synctest.Wait()
			require.NoError(t, ref.Err(), "it was restarted")
			require.EqualValues(t, 2, ref.Stats().Handled)
		}, OnFailure(func(f Failure) { failures = append(failures, f) }))
		var decisions []Decision
		for _, f := range failures {
			decisions = append(decisions, f.Decision)
		}
		require.Equal(t, []Decision{Ignores, Ignores, Ignores, Restarts, Ignores, Ignores}, decisions)
	}
}

// badEnd fails in the end.
type badEnd struct{ end func() }

func (b badEnd) Receive(c *Context[act], m act) error { return m(c) }
func (b badEnd) Stopping(*Context[act], error)        { b.end() }
func (b badEnd) Stopped(*Context[act], error)         { b.end() }

func TestContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		child := spawn(t, ref, "child", performer)
		var derived context.Context
		tell(t, ref, func(c *Context[act]) error {
			require.Same(t, ref, c.Self())
			require.Nil(t, c.Parent())
			require.Equal(t, []Actor{child}, c.Children())
			require.Same(t, s, c.System())
			_, ok := c.Deadline()
			require.False(t, ok)
			require.NoError(t, c.Err())
			require.Nil(t, c.Value("nothing"))
			ctx, cancel := context.WithCancel(c)
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			require.NotContains(t, string(stacks), "propagateCancel", "it is followed without a goroutine")
			context.AfterFunc(ctx, cancel)
			derived = ctx
			require.Panics(t, func() { c.Become(nil) })
			return nil
		})
		tell(t, child, func(c *Context[act]) error { require.Equal(t, Actor(ref), c.Parent()); return nil })
		synctest.Wait()
		require.NoError(t, derived.Err())
		tell(t, ref, fails)
		synctest.Wait()
		require.Equal(t, context.Canceled, derived.Err(), "it ends with the incarnation")
		require.Equal(t, errTest, context.Cause(derived))
		require.Equal(t, "a", ref.Path())
		require.Equal(t, "a/child", child.Path())
		require.Nil(t, ref.Parent())
		require.Equal(t, Actor(ref), child.Parent())
	})
}
