package actor

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestResize(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, w := router(t, s, 3, RoundRobin[int]())
		w.release = make(chan struct{})
		old := r.Routees()
		for i := range 6 {
			require.NoError(t, r.Tell(t.Context(), i))
		}
		synctest.Wait()
		require.NoError(t, r.Resize(t.Context(), 1))
		require.True(t, slices.Equal(old[:1], r.Routees()))
		require.ErrorIs(t, old[2].TryTell(1), ErrStopped)
		close(w.release)
		<-old[2].Done()
		require.Equal(t, []int{2, 5}, w.of(old[2]), "it drains")
		require.NoError(t, r.Resize(t.Context(), 4))
		require.Len(t, r.Routees(), 4)
		require.Same(t, old[0], r.Routees()[0])

		require.NoError(t, r.Routees()[3].Stop(t.Context()))
		require.NoError(t, r.Resize(t.Context(), 4))
		require.Len(t, r.Routees(), 4, "it is replaced")
		require.NotNil(t, r.Pick(0))

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, r.Resize(ctx, 5), context.Canceled)
		require.ErrorIs(t, r.Tell(ctx, 5), context.Canceled)
		require.PanicsWithValue(t, "actor: router of -1 actors", func() { _ = r.Resize(t.Context(), -1) })
		synctest.Wait()
		require.Len(t, r.Routees(), 4)
		r.parent.actor.order(renew, nil)
		r.parent.actor.await(func(p phase) bool { return p == waiting })
		require.ErrorIs(t, r.Tell(t.Context(), 5), ErrStopped, "there are none between")
		r.parent.actor.revive()
		synctest.Wait()
		require.Len(t, r.Routees(), 4, "also after a restart")
		require.NoError(t, r.Tell(t.Context(), 5))
	})
}

// What has nobody left in an old list finds those of the new one.
func TestTellWhileAllAreReplaced(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var r *Router[int]
		routed := 0
		r, w := router(t, s, 2, func(int, []*Ref[int]) int {
			if routed++; routed == 1 {
				for _, ref := range r.Routees() {
					require.NoError(t, ref.Stop(t.Context()))
				}
				require.NoError(t, r.Resize(t.Context(), 1))
			}
			return 0
		})
		require.NoError(t, r.Tell(t.Context(), 7))
		require.Equal(t, 3, routed, "to the two that there were, and to the new one")
		synctest.Wait()
		require.Equal(t, []int{7}, w.of(r.Routees()[0]))
	})
}

// What a router tells itself is not the user's, and no hook is told of it.
func TestMessagesOfARouterToItselfAreNotReported(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		release, entered := make(chan struct{}), make(chan struct{})
		made := 0
		r, err := NewRouter(t.Context(), s, "", 1, RoundRobin[int](), func() Behavior[int] {
			if made++; made == 2 {
				close(entered)
				<-release
			}
			return Func[int](func(*Context[int], int) error { return nil })
		}, j.hooks(), Mailbox(1, Reject))
		require.NoError(t, err)
		first := background(func() (int, error) { return 0, r.Resize(t.Context(), 2) })
		<-entered
		ctx, cancel := context.WithCancel(t.Context())
		second := background(func() (int, error) { return 0, r.Resize(ctx, 3) })
		third := background(func() (int, error) { return 0, r.Resize(t.Context(), 2) })
		require.False(t, second.over())
		require.False(t, third.over(), "the router itself has no bound")
		cancel()
		require.True(t, second.over())
		require.Equal(t, context.Canceled, second.err)
		close(release)
		require.True(t, first.over())
		require.NoError(t, first.err)
		require.True(t, third.over())
		require.NoError(t, third.err)
		require.Len(t, r.Routees(), 2)
		require.EqualValues(t, 1, r.Actor().Stats().Undelivered)
		require.NoError(t, r.Routees()[0].Tell(t.Context(), 1))
	}, j.hooks())
	require.Empty(t, j.entries)
}

// Each message that was told is handled once, while the router grows and shrinks, and those of
// one goroutine come to each actor in order.
func TestTellWhileResizing(t *testing.T) {
	const tellers, messages = 4, 2000
	for name, route := range map[string]Route[[2]int]{
		"round robin":     RoundRobin[[2]int](),
		"least loaded":    LeastLoaded[[2]int](),
		"consistent hash": ConsistentHash(func(m [2]int) int { return m[1] % 50 }),
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSystem()
			var handled [tellers][messages]atomic.Int32
			r, err := NewRouter(t.Context(), s, "", 2, route, func() Behavior[[2]int] {
				var last [tellers]int
				return Func[[2]int](func(_ *Context[[2]int], m [2]int) error {
					if m[1] < last[m[0]] {
						t.Errorf("%v after %d", m, last[m[0]])
					}
					last[m[0]] = m[1]
					handled[m[0]][m[1]].Add(1)
					return nil
				})
			}, Mailbox(10, Block))
			require.NoError(t, err)
			var wg sync.WaitGroup
			for teller := range tellers {
				wg.Go(func() {
					for i := range messages {
						if err := r.Tell(t.Context(), [2]int{teller, i}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for i := range 200 {
				require.NoError(t, r.Resize(t.Context(), 1+i*7%5))
				runtime.Gosched()
			}
			wg.Wait()
			require.NoError(t, s.Shutdown(t.Context()))
			for teller := range handled {
				for i := range handled[teller] {
					require.EqualValues(t, 1, handled[teller][i].Load(), "%d of %d", i, teller)
				}
			}
		})
	}
}

func TestResizeThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		made := 0
		r, err := NewRouter(t.Context(), s, "", 2, RoundRobin[int](), func() Behavior[int] {
			if made++; made == 4 {
				panic("no more")
			}
			return Func[int](func(*Context[int], int) error { return nil })
		})
		require.NoError(t, err)
		refs := r.Routees()
		var thrown *PanicError
		require.ErrorAs(t, r.Resize(t.Context(), 9), &thrown)
		require.True(t, slices.Equal(refs, r.Routees()))
		synctest.Wait()
		require.EqualValues(t, 3, s.Stats().Actors, "one was spawned in vain")
		require.NoError(t, r.Resize(t.Context(), 3))
		require.Len(t, r.Routees(), 3)
		require.NoError(t, r.Stop(t.Context()))
		require.ErrorIs(t, r.Resize(t.Context(), 3), ErrStopped)
	})
}
