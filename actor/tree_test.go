package actor

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// relatives spawns a grandparent, its two children, and two of each of these.
func relatives(t *testing.T, s *System, j *journal, opts ...Option) *Ref[act] {
	top := record(t, s, j, "top", opts...)
	for _, name := range []string{"a", "b"} {
		child := record(t, top, j, name, opts...)
		for _, suffix := range []string{"1", "2"} {
			record(t, child, j, name+suffix, opts...)
		}
	}
	synctest.Wait()
	j.take()
	return top
}

func TestChildrenStopBeforeTheirParent(t *testing.T) {
	for _, strategy := range []Strategy{OneForOne, OneForAll} {
		for name, end := range map[string]func(*Ref[act], context.Context) error{"stop": (*Ref[act]).Stop, "kill": (*Ref[act]).Kill} {
			inBubble(t, func(t *testing.T, s *System) {
				var j journal
				top := relatives(t, s, &j, Supervise(strategy))
				require.Equal(t, 7, s.Stats().Actors)
				require.NoError(t, end(top, t.Context()))
				at := make(map[string]int)
				for i, e := range j.take() {
					at[e] = i
				}
				for _, pair := range [][2]string{{"a1", "a"}, {"a2", "a"}, {"b1", "b"}, {"b2", "b"}, {"a", "top"}, {"b", "top"}} {
					child, parent := at[pair[0]+" 1 stopped: <nil>"], at[pair[1]+" 1 stopped: <nil>"]
					require.Less(t, child, parent, "%s: %v", name, at)
					if name == "stop" {
						require.Greater(t, at[pair[0]+" 1 stopping: <nil>"], at[pair[1]+" 1 stopping: <nil>"], "parents drain first")
					}
				}
				if strategy == OneForAll && name == "stop" {
					require.Less(t, at["b 1 stopped: <nil>"], at["a 1 stopping: <nil>"], "in reverse order")
				}
				require.Zero(t, s.Stats().Actors)
			})
		}
	}
}

// What an actor has accepted can still use its children.
func TestChildrenServeWhileTheParentDrains(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		parent := spawn(t, s, "parent", performer)
		child := spawn(t, parent, "child", performer)
		release := block(t, parent)
		tell(t, parent, func(c *Context[act]) error {
			v, err := Ask(c, child, replies(7))
			j.add("%d %v", v, err)
			spawn(t, c, "late", performer)
			return nil
		})
		parent.actor.order(stop, nil)
		close(release)
		<-parent.Done()
		require.Equal(t, []string{"7 <nil>"}, j.take())
	})
}

func TestOneOfSeveralSpawnsOfAName(t *testing.T) {
	for range 100 / slowdown {
		s := NewSystem()
		var spawned, made atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				ref, err := Spawn(s, "name", func() Behavior[act] { made.Add(1); return performer() })
				switch {
				case err == nil:
					spawned.Add(1)
					if found, err := Lookup[act](s, "name"); found != ref || err != nil {
						t.Errorf("found %v, %v", found, err)
					}
				case !errors.Is(err, ErrNameTaken):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, spawned.Load())
		require.EqualValues(t, 1, made.Load(), "the factory is not called in vain")
		require.NoError(t, s.Shutdown(context.Background()))
	}
}

func TestNames(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		child := spawn(t, ref, "b", performer)
		unnamed := spawn(t, ref, "", performer)
		spawn(t, ref, "", performer)
		number := spawn(t, child, "c", handler(func(*Context[int], int) error { return nil }))

		found, err := Lookup[int](s, "a/b/c")
		require.NoError(t, err)
		require.Same(t, number, found)
		found, err = Lookup[int](child, "c")
		require.NoError(t, err)
		require.Same(t, number, found)
		for _, path := range []string{"", "b", "a/c", "a/b/c/d", "a//b", "a/"} {
			_, err = Lookup[int](s, path)
			require.ErrorIs(t, err, ErrNotFound, path)
		}
		_, err = Lookup[string](s, "a/b/c")
		require.EqualError(t, err, "actor: a/b/c is a *actor.Ref[int], not a *actor.Ref[string]")
		require.Equal(t, "a/(unnamed)", unnamed.Path())
		require.Equal(t, "system", s.root.path())

		// Until it has stopped it is found, and its name is taken.
		release := block(t, ref)
		ref.actor.order(stop, nil)
		require.ErrorIs(t, spawnNamed(s, "a"), ErrNameTaken)
		_, err = Lookup[act](s, "a")
		require.NoError(t, err)
		close(release)
		require.NoError(t, ref.Stop(t.Context()))
		require.NoError(t, spawnNamed(s, "a"))
		_, err = Lookup[act](s, "a/b")
		require.ErrorIs(t, err, ErrNotFound)
	})
}

func spawnNamed(parent Parent, name string) error {
	_, err := Spawn(parent, name, performer)
	return err
}

func TestSpawnFails(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var thrown *PanicError
		_, err := Spawn(s, "a", func() Behavior[act] { panic(errTest) })
		require.ErrorAs(t, err, &thrown)
		require.ErrorIs(t, err, errTest)
		_, err = Spawn(s, "a", func() Behavior[act] { return nil })
		require.EqualError(t, err, "actor: the factory returned no behavior")
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = Spawn(s, "a", func() Behavior[act] { runtime.Goexit(); return nil })
		}()
		<-done
		parent := spawn(t, s, "a", performer) // the name is free
		// The parent is stopped, killed or restarted while the factory runs.
		_, err = Spawn(parent, "b", func() Behavior[act] { _ = parent.Stop(t.Context()); return performer() })
		require.ErrorIs(t, err, ErrStopped)
		require.Empty(t, parent.actor.more.names)

		slow := recordStart(t, s, new(journal), "slow", func(*Context[act]) error { return nil })
		busy := spawn(t, slow, "child", performer)
		release := block(t, busy)
		tell(t, slow, fails)
		synctest.Wait()
		require.ErrorIs(t, spawnError(slow), ErrRestarted, "it waits for its child")
		slow.actor.kill()
		require.ErrorIs(t, spawnError(slow), ErrStopped)
		close(release)
	})
}

// Hooks are called without a lock.
func TestHooksMayUseTheActor(t *testing.T) {
	var j journal
	var s *System
	inBubble(t, func(t *testing.T, system *System) {
		s = system
		ref := spawn(t, s, "a", performer, Mailbox(1, DropOldest))
		release := block(t, ref)
		tell(t, ref, nothing, fails)
		require.Equal(t, []string{"dropped: a: 2 waiting, 0 handled, 1 undelivered"}, j.take())
		close(release)
		require.Equal(t, []string{"failed: a: 0 waiting, 2 handled, 1 undelivered <nil>"}, j.take())
		release = block(t, ref)
		tell(t, ref, nothing)
		ref.actor.kill()
		close(release)
		require.Equal(t, []string{"left: a: 0 waiting, 3 handled, 2 undelivered"}, j.take())
	}, OnFailure(func(f Failure) {
		ref, err := Lookup[act](s, f.Actor.Path())
		j.add("failed: %v %v", ref, err)
		require.NotNil(t, f.Message)
		require.Equal(t, Restarts, f.Decision)
	}), OnUndelivered(func(u Undelivered) {
		what := "left"
		if u.Reason == ErrDropped {
			what = "dropped"
		}
		j.add("%s: %v", what, u.To)
		require.NotNil(t, u.Message)
	}))
}
