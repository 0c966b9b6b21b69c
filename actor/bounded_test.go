package actor

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

func TestBlockedSendersAreServedInOrder(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer, Mailbox(2, Block))
		release := block(t, ref)
		tell(t, ref, j.note("a"), j.note("b"))
		require.Equal(t, ErrFull, ref.TryTell(nothing))
		c := tellLater(t.Context(), ref, j.note("c"))
		require.False(t, c.over())
		ctx, cancel := context.WithCancel(t.Context())
		d := tellLater(ctx, ref, j.note("d"))
		require.False(t, d.over())
		e := askAct(t.Context(), ref, func(r Reply[int]) act {
			return func(*Context[act]) error { j.add("e"); r.Send(5); return nil }
		})
		require.False(t, e.over())
		f := tellLater(t.Context(), ref, j.note("f"))
		require.False(t, f.over())
		cancel()
		require.True(t, d.over())
		require.Equal(t, context.Canceled, d.err)
		require.EqualValues(t, 3, ref.Stats().Accepted, "it has left nothing")
		close(release)
		require.True(t, c.over())
		require.True(t, e.over(), "it has barred nobody")
		require.Equal(t, 5, e.value)
		require.True(t, f.over())
		require.Equal(t, []string{"a", "b", "c", "e", "f"}, j.take())
	})
}

func TestBlockedSendersFailWhenTheActorEnds(t *testing.T) {
	for name, end := range map[string]func(context.Context, *System, *Ref[act]) error{
		"stop":     func(ctx context.Context, _ *System, ref *Ref[act]) error { return ref.Stop(ctx) },
		"kill":     func(ctx context.Context, _ *System, ref *Ref[act]) error { return ref.Kill(ctx) },
		"shutdown": func(ctx context.Context, s *System, _ *Ref[act]) error { return s.Shutdown(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				ref := spawn(t, s, "", performer, Mailbox(1, Block))
				release := block(t, ref)
				tell(t, ref, nothing)
				ctx, cancel := context.WithCancel(t.Context())
				sends := []*outcome{
					tellLater(t.Context(), ref, nothing),
					askAct(t.Context(), ref, silent),
					tellLater(ctx, ref, nothing),
				}
				for _, send := range sends {
					require.False(t, send.over())
				}
				if name == "shutdown" {
					cancel()
				}
				ending := background(func() (int, error) { return 0, end(t.Context(), s, ref) })
				require.False(t, ending.over())
				for _, send := range sends[:2] {
					require.True(t, send.over(), "they need not wait for the end")
					require.Equal(t, ErrStopped, send.err)
				}
				require.True(t, sends[2].over())
				require.Error(t, sends[2].err)
				cancel()
				close(release)
				require.True(t, ending.over())
				require.NoError(t, ending.err)
			})
		})
	}
}

// One that fails goes on with what it has, and admits those who wait.
func TestBlockedSendersOutliveRestarts(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Mailbox(1, Block))
		release := make(chan struct{})
		tell(t, ref, func(*Context[act]) error {
			<-release
			return errTest
		})
		synctest.Wait()
		tell(t, ref, j.note("1"))
		blocked := tellLater(t.Context(), ref, j.note("2"))
		require.False(t, blocked.over())
		close(release)
		require.True(t, blocked.over())
		require.NoError(t, blocked.err)
		require.Equal(t, []string{"a failed: test failure; restarts", "1", "2"}, j.take())
	}, j.hooks())
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

func TestTellEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer, Mailbox(1, Block))
		release := block(t, ref)
		tell(t, ref, nothing)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		require.Equal(t, context.DeadlineExceeded, ref.Tell(ctx, nothing))
		require.Equal(t, time.Second, time.Since(start))
		close(release)
		synctest.Wait()
		require.Equal(t, Stats{Accepted: 2, Handled: 2}, ref.Stats())
	})
}

func TestProgrammerErrorsPanic(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		for want, fn := range map[string]func(){
			"actor: Mailbox of 0":                       func() { Mailbox(0, Block) },
			"actor: Mailbox with policy 3":              func() { Mailbox(1, 3) },
			"actor: Restart 3":                          func() { Restart(3) },
			"actor: Redeliver -1 times":                 func() { Redeliver(-1) },
			"actor: Supervise with strategy 3":          func() { Supervise(3) },
			"actor: Intensity of -1 restarts within 1s": func() { Intensity(-1, time.Second) },
			"actor: Intensity of 1 restarts within 0s":  func() { Intensity(1, 0) },
			`actor: name "a/b" has a slash`:             func() { _, _ = Spawn(s, "a/b", performer) },
		} {
			require.PanicsWithValue(t, want, fn)
		}
		require.Zero(t, s.Stats().Spawned)
		ref := spawn(t, s, "", performer)
		for want, fn := range map[string]func(*Context[act]){
			"actor: Become nil": func(c *Context[act]) { c.Become(nil) },
			"actor: Every 0s":   func(c *Context[act]) { c.Every(0, nothing) },
		} {
			_, err := Ask(t.Context(), ref, func(Reply[int]) act {
				return func(c *Context[act]) error { fn(c); return nil }
			})
			var p *PanicError
			require.ErrorAs(t, err, &p)
			require.Equal(t, want, p.Value)
		}
	})
}
