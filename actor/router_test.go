package actor

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// workers is what the actors of a router have handled: messages by actor.
type workers struct {
	mu      sync.Mutex
	handled map[*Ref[int]][]int
	release chan struct{} // they wait for it if it is not nil
}

func (w *workers) factory() Behavior[int] {
	return Func[int](func(c *Context[int], m int) error {
		w.mu.Lock()
		w.handled[c.Self()] = append(w.handled[c.Self()], m)
		release := w.release
		w.mu.Unlock()
		if m < 0 {
			return errTest
		}
		if release != nil {
			<-release
		}
		return nil
	})
}

func (w *workers) of(ref *Ref[int]) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.handled[ref]
}

func router(t *testing.T, s *System, size int, route Route[int], opts ...Option) (*Router[int], *workers) {
	w := &workers{handled: make(map[*Ref[int]][]int)}
	r, err := NewRouter(t.Context(), s, "router", size, route, w.factory, opts...)
	require.NoError(t, err)
	require.Len(t, r.Routees(), size)
	return r, w
}

func TestRoundRobin(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, w := router(t, s, 3, RoundRobin[int]())
		for i := range 6 {
			require.NoError(t, r.Tell(t.Context(), i))
		}
		synctest.Wait()
		for i, ref := range r.Routees() {
			require.Equal(t, []int{i, i + 3}, w.of(ref))
		}
		require.Len(t, r.Actor().parentCell().children(), 3)
		require.Equal(t, "router", r.Actor().Path())
	})
}

func TestLeastLoaded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, w := router(t, s, 3, LeastLoaded[int]())
		w.release = make(chan struct{})
		busy := r.Routees()
		for i := range 3 { // one each, since none is idle twice
			require.NoError(t, r.Tell(t.Context(), i))
			synctest.Wait()
		}
		for _, ref := range busy {
			require.Len(t, w.of(ref), 1)
		}
		require.NoError(t, busy[0].Tell(t.Context(), 10))
		require.NoError(t, busy[2].Tell(t.Context(), 10))
		for range 10 {
			require.Same(t, busy[1], r.Pick(0))
		}
		close(w.release)
	})
}

func TestConsistentHashMovesFewKeys(t *testing.T) {
	const keys, before, after = 10_000, 4, 5
	route := ConsistentHash(func(m int) int { return m })
	to := make([]*Ref[int], after)
	moved := 0
	var load [after]int
	for key := range keys {
		old, grown := route(key, to[:before]), route(key, to)
		require.Equal(t, old, route(key, to[:before]), "the same each time")
		load[old]++
		if old != grown {
			moved++
			require.Equal(t, after-1, grown, "only to the new one")
		}
	}
	// 2000 are expected to move, with a deviation of 40; 2500 are with each, deviation 43.
	require.InDelta(t, keys/after, moved, 300)
	for _, n := range load[:before] {
		require.InDelta(t, keys/before, n, 300)
	}
}

func TestConsistentHashMovesTheKeysOfTwoIfOneStops(t *testing.T) {
	route := ConsistentHash(func(m int) int { return m })
	to := make([]*Ref[int], 5)
	for i := range to {
		to[i] = new(Ref[int])
	}
	for stopped := range to {
		rest := without(to, stopped)
		require.False(t, slices.Contains(rest, to[stopped]))
		require.Len(t, rest, 4)
		for key := range 1000 {
			was := route(key, to)
			if now := rest[route(key, rest)]; was != stopped && was != len(to)-1 {
				require.Same(t, to[was], now)
			} else if was == stopped && stopped < len(to)-1 {
				require.Same(t, to[len(to)-1], now)
			}
		}
	}
}

// To be full is no reason to route again.
func TestFullRoutee(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, w := router(t, s, 2, func(int, []*Ref[int]) int { return 1 }, Mailbox(1, Block))
		w.release = make(chan struct{})
		require.NoError(t, r.Tell(t.Context(), 1))
		synctest.Wait()
		require.NoError(t, r.Tell(t.Context(), 2))
		require.Equal(t, ErrFull, r.TryTell(3))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Equal(t, context.DeadlineExceeded, r.Tell(ctx, 3))
		waits := background(func() (int, error) { return 0, r.Tell(t.Context(), 4) })
		require.False(t, waits.over())
		close(w.release)
		require.True(t, waits.over())
		require.NoError(t, waits.err)
		require.Equal(t, []int{1, 2, 4}, w.of(r.Routees()[1]))
	})
}

// One that pauses before its restart has its place, and gets messages.
func TestRestartedRouteesKeepTheirPlace(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, w := router(t, s, 2, RoundRobin[int](), Backoff(retry.Policy{BaseDelay: time.Hour, Jitter: retry.NoJitter}))
		refs := r.Routees()
		for _, m := range []int{-1, 1, 2, 3} {
			require.NoError(t, r.Tell(t.Context(), m))
		}
		synctest.Wait()
		require.Equal(t, []int{-1}, w.of(refs[0]))
		require.Equal(t, []int{1, 3}, w.of(refs[1]))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, []int{-1, 2}, w.of(refs[0]))
		require.True(t, slices.Equal(refs, r.Routees()))
	})
}

func TestStoppedRouteesArePassedOver(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, w := router(t, s, 3, RoundRobin[int](), Restart(Temporary))
		refs := r.Routees()
		require.NoError(t, refs[0].Tell(t.Context(), -1), "which it fails on")
		<-refs[0].Done()
		// Before and after the router knows.
		synctest.Wait()
		require.Len(t, r.Routees(), 2)
		require.Same(t, refs[2], r.Routees()[0], "the last one has its place")
		require.Same(t, refs[1], r.Routees()[1])
		r.routees.Store(&refs)
		for i := range 6 {
			require.NoError(t, r.TryTell(i))
		}
		synctest.Wait()
		require.Len(t, slices.Concat(w.of(refs[1]), w.of(refs[2])), 6)
		require.NoError(t, r.Stop(t.Context()))
		require.ErrorIs(t, r.Tell(t.Context(), 1), ErrStopped)
		require.ErrorIs(t, r.TryTell(1), ErrStopped)
	})
}

func TestRouterIsRestartedWithItsRoutees(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, _ := router(t, s, 2, RoundRobin[int](), Intensity(0, 1))
		old := r.Routees()
		require.NoError(t, old[1].Tell(t.Context(), -1))
		<-old[0].Done()
		synctest.Wait()
		refs := r.Routees()
		require.Len(t, refs, 2)
		require.False(t, slices.Contains(refs, old[0]))
		require.False(t, slices.Contains(refs, old[1]))
		require.NoError(t, r.Tell(t.Context(), 1))
	})
}

func TestRouterWithoutRoutees(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, _ := router(t, s, 1, RoundRobin[int](), Restart(Temporary))
		ref := r.Routees()[0]
		require.NoError(t, ref.Stop(t.Context()))
		synctest.Wait()
		require.Nil(t, r.Pick(1))
		require.ErrorIs(t, r.Tell(t.Context(), 1), ErrStopped)
	})
}

func TestNewRouterFails(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		require.PanicsWithValue(t, "actor: router of 0 actors", func() {
			_, _ = NewRouter(t.Context(), s, "", 0, RoundRobin[int](), handler(func(*Context[int], int) error { return nil }))
		})
		var thrown *PanicError
		made := 0
		_, err := NewRouter(t.Context(), s, "router", 3, RoundRobin[int](), func() Behavior[int] {
			if made++; made == 3 {
				panic("no more")
			}
			return Func[int](func(*Context[int], int) error { return nil })
		})
		require.ErrorAs(t, err, &thrown)
		synctest.Wait()
		require.Zero(t, s.Stats().Actors)
		router(t, s, 1, RoundRobin[int]())
		_, err = NewRouter(t.Context(), s, "router", 1, RoundRobin[int](), (&workers{}).factory)
		require.ErrorIs(t, err, ErrNameTaken)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = NewRouter(ctx, s, "other", 1, RoundRobin[int](), (&workers{}).factory)
		require.ErrorIs(t, err, context.Canceled)
		_, err = Lookup[routing[int]](s, "other")
		require.ErrorIs(t, err, ErrNotFound)

	})
}
