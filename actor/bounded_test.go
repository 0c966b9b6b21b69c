package actor

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestBoundUnderConcurrentSends(t *testing.T) {
	const senders = 50
	for _, policy := range []Policy{Block, Reject, DropOldest} {
		for _, capacity := range []int{1, 7, 40} {
			t.Run(fmt.Sprint(policy, capacity), func(t *testing.T) {
				dropped := 0
				var mu sync.Mutex
				inBubble(t, func(t *testing.T, s *System) {
					ref := spawn(t, s, "", performer, Mailbox(capacity, policy))
					for round := range 3 {
						before, droppedBefore := ref.Stats(), dropped
						release := block(t, ref)
						sends := make([]*outcome, senders)
						for i := range sends {
							sends[i] = tellLater(t.Context(), ref, nothing)
						}
						accepted, refused := 0, 0
						for _, send := range sends {
							switch {
							case !send.over():
							case send.err == nil:
								accepted++
							default:
								require.Equal(t, ErrFull, send.err)
								refused++
							}
						}
						require.EqualValues(t, capacity+1, ref.Stats().Waiting)
						require.Equal(t, []int{capacity, capacity, senders}[policy], accepted)
						require.Equal(t, []int{0, senders - capacity, 0}[policy], refused)
						require.Equal(t, []int{0, 0, senders - capacity}[policy], dropped-droppedBefore)
						require.Equal(t, policy == DropOldest, ref.TryTell(nothing) == nil)
						close(release)
						for _, send := range sends {
							require.True(t, send.over())
						}
						after := ref.Stats()
						require.Zero(t, after.Waiting)
						handled := []int{senders, capacity, capacity}[policy] + 1
						require.EqualValues(t, handled, after.Handled-before.Handled, round)
					}
				}, OnUndelivered(func(u Undelivered) {
					if u.Reason != ErrDropped {
						t.Error(u)
					}
					mu.Lock()
					dropped++
					mu.Unlock()
				}))
			})
		}
	}
}

// Seen at any instant, at full speed.
func TestBoundAtEveryInstant(t *testing.T) {
	const senders, messages, capacity = 4, 20_000 / slowdown, 5
	for _, policy := range []Policy{Block, Reject, DropOldest} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			s := NewSystem()
			ref := spawn(t, s, "", performer, Mailbox(capacity, policy))
			var wg sync.WaitGroup
			for range senders {
				wg.Go(func() {
					for range messages {
						_ = ref.Tell(context.Background(), nothing)
						if stats := ref.Stats(); stats.Waiting > capacity+1 {
							t.Error(stats)
							return
						}
					}
				})
			}
			wg.Wait()
			require.NoError(t, s.Shutdown(context.Background()))
			stats := ref.Stats()
			require.Zero(t, stats.Waiting)
			require.True(t, policy == DropOldest || stats.Undelivered == 0)
			if policy != Reject {
				require.EqualValues(t, senders*messages, stats.Accepted)
			}
		})
	}
}

func TestDropOldest(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Mailbox(2, DropOldest))
		release := block(t, ref)
		dropped := askAct(t.Context(), ref, silent)
		require.False(t, dropped.over())
		tell(t, ref, j.note("1"), j.note("2"))
		require.True(t, dropped.over())
		require.Equal(t, ErrDropped, dropped.err)
		require.Equal(t, []string{"a has not got a message: actor: dropped for a newer message"}, j.take())
		require.NoError(t, ref.TryTell(j.note("3")))
		require.Equal(t, Stats{Accepted: 5, Waiting: 3, Undelivered: 2}, ref.Stats())
		close(release)
		require.Equal(t, []string{"a has not got a message: actor: dropped for a newer message", "2", "3"}, j.take())
	}, j.hooks())
}

// That nobody waits for it any more was the reason before it was dropped.
func TestDropOldestOfACancelledAsk(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Mailbox(1, DropOldest))
		release := block(t, ref)
		ctx, cancel := context.WithCancel(t.Context())
		ask := askAct(ctx, ref, silent)
		require.False(t, ask.over())
		cancel()
		require.True(t, ask.over())
		tell(t, ref, j.note("1"))
		close(release)
		require.Equal(t, []string{"a has not got a message: context canceled", "1"}, j.take())
	}, j.hooks())
}

// What an actor has from its own timers, watches and pipes is not dropped and does not
// count, and keeps its place.
func TestOwnMessagesAndTheBound(t *testing.T) {
	for _, policy := range []Policy{Block, Reject, DropOldest} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			var j journal
			inBubble(t, func(t *testing.T, s *System) {
				other := spawn(t, s, "other", performer)
				ref := spawn(t, s, "a", performer, Mailbox(2, policy))
				release, begun := make(chan struct{}), make(chan struct{})
				tell(t, ref, func(c *Context[act]) error {
					c.After(0, j.note("timer 1"))
					c.After(0, j.note("timer 2"))
					c.After(0, j.note("timer 3"))
					Pipe(c, func(context.Context) (int, error) { return 1, nil },
						func(int, error) act { return j.note("pipe") })
					c.Watch(other, func(Terminated) act { return j.note("watch") })
					close(begun)
					<-release
					return nil
				})
				<-begun
				synctest.Wait()
				tell(t, ref, j.note("1"), j.note("2"))
				require.NoError(t, other.Stop(t.Context()))
				synctest.Wait()
				require.Equal(t, policy == DropOldest, ref.TryTell(j.note("3")) == nil)
				require.Equal(t, policy == DropOldest, ref.TryTell(j.note("4")) == nil)
				close(release)
				own := []string{"timer 1", "timer 2", "timer 3", "pipe"}
				if policy == DropOldest {
					require.Equal(t, append(own, "watch", "3", "4"), j.take())
				} else {
					require.Equal(t, append(own, "1", "2", "watch"), j.take())
				}
				require.Zero(t, ref.Stats().Waiting)
				tell(t, ref, j.note("again"))
				require.Equal(t, []string{"again"}, j.take())
			})
		})
	}
}

// The memory of a bounded mailbox stays in proportion to its bound while it never runs empty.
func TestBoundedMailboxThatIsNeverEmpty(t *testing.T) {
	const capacity = 10
	inBubble(t, func(t *testing.T, s *System) {
		step := make(chan struct{})
		next := 0
		ref := spawn(t, s, "", handler(func(_ *Context[int], m int) error {
			if m != next {
				t.Errorf("%d, not %d", m, next)
			}
			next++
			<-step
			return nil
		}), Mailbox(capacity, Block))
		for i := range capacity {
			tell(t, ref, i)
		}
		for i := range 1000 {
			synctest.Wait()
			tell(t, ref, capacity+i)
			step <- struct{}{}
		}
		synctest.Wait()
		require.LessOrEqual(t, cap(ref.actor.in), 4*capacity)
		close(step)
	})
}
