package actor

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// from is a message of one of several senders.
type from struct{ sender, n int }

func TestMessagesOfOneSenderAreHandledInOrder(t *testing.T) {
	const senders, messages = 8, 2000 / slowdown
	for name, opts := range map[string][]Option{
		"unbounded": nil,
		"one":       {Mailbox(1, Block)},
		"seven":     {Mailbox(7, Block)},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				var next [senders]int
				ref := spawn(t, s, "", handler(func(_ *Context[from], m from) error {
					if next[m.sender] != m.n {
						t.Errorf("%d is the next one of sender %d, not %d", next[m.sender], m.sender, m.n)
					}
					next[m.sender] = m.n + 1
					if m.n%10 == 0 {
						return errTest // the restart changes nothing
					}
					return nil
				}), opts...)
				var wg sync.WaitGroup
				for i := range senders {
					wg.Go(func() {
						for n := range messages {
							if err := ref.Tell(t.Context(), from{i, n}); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
				require.NoError(t, ref.Stop(t.Context()))
				require.EqualValues(t, senders*messages, ref.Stats().Handled)
			})
		})
	}
}

func TestNilMessagesAreMessages(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		handlesNil(t, s, any(nil))
		handlesNil(t, s, (*int)(nil))
		handlesNil(t, s, error(nil))
		handlesNil(t, s, act(nil))
		handlesNil(t, s, []int(nil))
		handlesNil(t, s, struct{}{})
	})
}

func handlesNil[M any](t *testing.T, s *System, none M) {
	t.Helper()
	for _, opts := range [][]Option{nil, {Mailbox(3, DropOldest)}} {
		n := 0
		ref := spawn(t, s, "", handler(func(c *Context[M], m M) error {
			if !reflect.DeepEqual(none, m) {
				t.Error(m)
			}
			if n++; n == 1 {
				c.After(0, m)
				c.Stash(m)
				c.Unstash()
			}
			return nil
		}), opts...)
		tell(t, ref, none)
		require.NoError(t, ref.TryTell(none))
		synctest.Wait()
		require.Equal(t, 4, n)
		require.Equal(t, Stats{Accepted: 4, Handled: 4}, ref.Stats())
		require.NoError(t, ref.Stop(t.Context()))
	}
}

// In a bubble, where all goroutines would rest for ever, it is noticed at once if an actor
// goes to rest and forgets a message. See also TestExplore.
func TestNoMessageIsForgottenByAnActorThatGoesToRest(t *testing.T) {
	const rounds = 20000 / slowdown
	for name, opts := range map[string][]Option{"unbounded": nil, "bounded": {Mailbox(1, Block)}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				handled := make(chan int)
				ref := spawn(t, s, "", handler(func(_ *Context[int], m int) error {
					handled <- m
					return nil
				}), opts...)
				echo := spawn(t, s, "", handler(func(_ *Context[Reply[int]], r Reply[int]) error {
					r.Send(1)
					return nil
				}), opts...)
				var wg sync.WaitGroup
				for range 2 {
					wg.Go(func() {
						for i := range rounds {
							if err := ref.Tell(t.Context(), i); err != nil {
								t.Error(err)
							}
							<-handled
							if _, err := Ask(t.Context(), echo, func(r Reply[int]) Reply[int] { return r }); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

func TestStatsAndString(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		require.Equal(t, "0 actors of 0 spawned", s.String())
		parent := spawn(t, s, "parent", performer)
		child := spawn(t, parent, "child", performer)
		spawn(t, parent, "", performer)
		release := block(t, child)
		ctx, cancel := context.WithCancel(t.Context())
		ask := askAct(ctx, child, silent)
		require.False(t, ask.over())
		cancel()
		tell(t, child, nothing, nothing)
		require.True(t, ask.over())
		require.Equal(t, Stats{Accepted: 4, Waiting: 4}, child.Stats())
		require.Equal(t, "parent/child: 4 waiting, 0 handled, 0 undelivered", child.String())
		close(release)
		synctest.Wait()
		require.Equal(t, Stats{Accepted: 4, Handled: 3, Undelivered: 1}, child.Stats())
		require.Equal(t, "parent/child: 0 waiting, 3 handled, 1 undelivered", fmt.Sprint(child))
		require.Equal(t, SystemStats{Actors: 3, Spawned: 3}, s.Stats())
		require.NoError(t, child.Stop(t.Context()))
		require.Equal(t, "2 actors of 3 spawned", s.String())
	})
}

func TestSendsToAStoppedActor(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		for _, opts := range [][]Option{nil, {Mailbox(1, Block)}, {Mailbox(1, Reject)}, {Mailbox(1, DropOldest)}} {
			ref := spawn(t, s, "", performer, opts...)
			tell(t, ref, nothing)
			require.NoError(t, ref.Stop(t.Context()))
			require.Equal(t, ErrStopped, ref.Tell(t.Context(), nothing))
			require.Equal(t, ErrStopped, ref.TryTell(nothing))
			_, err := Ask(t.Context(), ref, silent)
			require.Equal(t, ErrStopped, err)
			require.Equal(t, Stats{Accepted: 1, Handled: 1}, ref.Stats())
		}
	})
}

func TestContextOfAnActorWithoutRelatives(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		done := make(chan struct{})
		tell(t, ref, func(c *Context[act]) error {
			defer close(done)
			if children := c.Children(); len(children) > 0 || c.Parent() != nil || c.Self() != ref || c.System() != s {
				t.Error(children, c.Parent(), c.Self(), c.System())
			}
			if _, ok := c.Deadline(); ok || c.Err() != nil {
				t.Error(c.Err())
			}
			return nil
		})
		<-done
		require.Nil(t, ref.Parent())
		require.NoError(t, ref.Err())
	})
}

// One system and its actors, which outlive a bubble, used in two bubbles.
func TestTwoBubbles(t *testing.T) {
	s := NewSystem(Intensity(2, time.Minute))
	ref := spawn(t, s, "a", performer, Mailbox(1, Block))
	fail := func(*Context[act]) error { return errTest }
	for bubble := range time.Duration(2) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep((2 - bubble) * time.Hour) // the clock of the second one is behind
			for range 2 {                        // as often as in each minute
				_, err := Ask(t.Context(), ref, func(Reply[int]) act { return fail })
				require.Equal(t, errTest, err)
				synctest.Wait()
			}
			release := block(t, ref)
			tell(t, ref, nothing)
			blocked := tellLater(t.Context(), ref, nothing)
			require.False(t, blocked.over())
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.Equal(t, context.DeadlineExceeded, ref.Tell(ctx, nothing))
			close(release)
			require.True(t, blocked.over())
			require.NoError(t, blocked.err)

			child := spawn(t, ref, "child", performer)
			fired := make(chan struct{})
			tell(t, child, func(c *Context[act]) error {
				c.After(time.Second, func(*Context[act]) error { close(fired); return nil })
				return nil
			})
			<-fired
			require.NoError(t, child.Stop(t.Context()))
			v, err := Ask(t.Context(), ref, replies(3))
			require.NoError(t, err)
			require.Equal(t, 3, v)
			synctest.Wait()
		})
	}
	require.NoError(t, s.Shutdown(context.Background()))
	require.Equal(t, "0 actors of 3 spawned", s.String())
}
