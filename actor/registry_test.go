package actor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// As soon as Stop or Kill has returned, or Done is closed, the name is free, and nobody is
// found by it.
func TestNameIsFreeOnceStopped(t *testing.T) {
	ctx := context.Background()
	for i := range 600 / slowdown {
		s := NewSystem(Supervise(Strategy(i % 3)))
		parent := spawn(t, s, "parent", performer)
		ref := spawn(t, parent, "a", performer)
		spawn(t, ref, "below", performer)
		tell(t, ref, fails)
		switch i % 4 {
		case 0:
			require.NoError(t, ref.Stop(ctx))
		case 1:
			require.NoError(t, ref.Kill(ctx))
		case 2:
			go func() { _ = ref.Stop(ctx) }()
			<-ref.Done()
		default:
			require.NoError(t, parent.Stop(ctx))
			_, err := Lookup[act](s, "parent/a")
			require.ErrorIs(t, err, ErrNotFound)
			parent = spawn(t, s, "parent", performer)
		}
		_, err := Lookup[act](s, "parent/a")
		require.ErrorIs(t, err, ErrNotFound)
		again := spawn(t, parent, "a", performer)
		found, err := Lookup[act](s, "parent/a")
		require.NoError(t, err)
		require.Same(t, again, found)
		require.NoError(t, s.Shutdown(ctx))
		require.Nil(t, s.root.more.names, "nothing is kept of names that are not in use")
	}
}

// One name, taken and given up by many: at any time one actor has it.
func TestOneHolderOfAName(t *testing.T) {
	ctx := context.Background()
	s := NewSystem()
	var holders, taken atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 / slowdown {
				ref, err := Spawn(s, "name", performer)
				if err != nil {
					if !errors.Is(err, ErrNameTaken) {
						t.Error(err)
					}
					continue
				}
				taken.Add(1)
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d have the name", n)
				}
				if found, err := Lookup[act](s, "name"); found != ref || err != nil {
					t.Errorf("found %v, %v", found, err)
				}
				holders.Add(-1)
				if err := ref.Stop(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Positive(t, taken.Load())
	require.EqualValues(t, SystemStats{Actors: 0, Spawned: taken.Load()}, s.Stats())
	require.NoError(t, s.Shutdown(ctx))
}

// A name survives restarts, and the reference found by it stays the same.
func TestNameSurvivesRestarts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		for range 3 {
			_, err := Ask(t.Context(), ref, func(Reply[int]) act { return fails })
			require.ErrorIs(t, err, errTest)
			found, err := Lookup[act](s, "a")
			require.NoError(t, err)
			require.Same(t, ref, found)
			require.ErrorIs(t, spawnNamed(s, "a"), ErrNameTaken)
			v, err := Ask(t.Context(), found, replies(3))
			require.NoError(t, err)
			require.Equal(t, 3, v)
		}
	})
}

// A name is taken while the factory of who is to have it runs, but nobody is found by it.
func TestNameIsTakenWhileTheFactoryRuns(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", func() Behavior[act] {
			require.ErrorIs(t, spawnNamed(s, "a"), ErrNameTaken)
			_, err := Lookup[act](s, "a")
			require.ErrorIs(t, err, ErrNotFound)
			return performer()
		})
		require.Equal(t, SystemStats{Actors: 1, Spawned: 1}, s.Stats())
		require.NoError(t, ref.Stop(t.Context()))
	})
}
