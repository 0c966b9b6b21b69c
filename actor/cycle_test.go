package actor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// askAround returns a message with which each of refs asks the next one, the last the
// first; all with contexts derived from their own.
func askAround(refs []*Ref[act], at, n int, r Reply[int]) act {
	return func(c *Context[act]) error {
		if at == n {
			r.Send(0)
			return nil
		}
		type key struct{}
		ctx, cancel := context.WithTimeout(context.WithValue(c, key{}, at), time.Hour)
		defer cancel()
		v, err := Ask(ctx, refs[(at+1)%len(refs)], func(r Reply[int]) act { return askAround(refs, at+1, n, r) })
		if err != nil {
			r.Fail(err)
		} else {
			r.Send(v + 1)
		}
		return nil
	}
}

func TestAskCycles(t *testing.T) {
	for n := 1; n <= 3; n++ {
		inBubble(t, func(t *testing.T, s *System) {
			refs := make([]*Ref[act], n)
			for i := range refs {
				refs[i] = spawn(t, s, fmt.Sprint(i), performer)
			}
			start := time.Now()
			_, err := Ask(t.Context(), refs[0], func(r Reply[int]) act { return askAround(refs, 0, n, r) })
			var cycle *CycleError
			require.ErrorAs(t, err, &cycle)
			require.Equal(t, []string{"0", "1", "2"}[:n], cycle.Path)
			require.EqualError(t, cycle, "actor: waits for itself: "+strings.Join([]string{"0", "1", "2"}[:n], " -> ")+" -> 0")
			require.Zero(t, time.Since(start))

			v, err := Ask(t.Context(), refs[0], func(r Reply[int]) act { return askAround(refs, 0, n-1, r) })
			require.NoError(t, err, "a chain is no cycle")
			require.Equal(t, n-1, v)
		})
	}
}

func TestNoCycleOnceAReplyWasSent(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		a, b := spawn(t, s, "a", performer), spawn(t, s, "b", performer)
		result := make(chan error, 1)
		tell(t, a, func(c *Context[act]) error {
			_, err := Ask(c, b, func(r Reply[int]) act {
				return func(c *Context[act]) error {
					r.Send(1)
					_, err := Ask(c, a, replies(2))
					result <- err
					return nil
				}
			})
			return err
		})
		require.NoError(t, <-result)
	})
}

func TestNoCycleOnceTheAskerGaveUp(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		a, b := spawn(t, s, "a", performer), spawn(t, s, "b", performer)
		result := make(chan error, 1)
		tell(t, a, func(c *Context[act]) error {
			ctx, cancel := context.WithTimeout(c, time.Second)
			defer cancel()
			_, err := Ask(ctx, b, func(Reply[int]) act {
				return func(c *Context[act]) error {
					_, err := Ask(c, a, replies(2))
					var cycle *CycleError
					if !errors.As(err, &cycle) {
						return fmt.Errorf("cycle expected, got %w", err)
					}
					time.Sleep(2 * time.Second)
					_, err = Ask(c, a, replies(2))
					result <- err
					return nil
				}
			})
			if !errors.Is(err, context.DeadlineExceeded) {
				result <- err
			}
			return nil
		})
		require.NoError(t, <-result)
	})
}

// Only calls with the Context of the actor say who calls.
func TestAskWithAForeignContextEndsWithIt(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		a := spawn(t, s, "a", performer)
		var err error
		tell(t, a, func(c *Context[act]) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err = Ask(ctx, a, replies(1))
			return nil
		})
		_, second := Ask(t.Context(), a, replies(1))
		require.NoError(t, second)
		require.Equal(t, context.DeadlineExceeded, err)
	})
}

// Two actors that ask each other, none of them on behalf of the other one.
func TestAsksThatCrossEndWithTheirContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		a, b := spawn(t, s, "a", performer), spawn(t, s, "b", performer)
		start := time.Now()
		ask := func(other *Ref[act]) act {
			return func(c *Context[act]) error {
				time.Sleep(time.Second) // so that both have begun
				ctx, cancel := context.WithTimeout(c, time.Second)
				defer cancel()
				_, _ = Ask(ctx, other, replies(1))
				return nil
			}
		}
		tell(t, a, ask(b))
		tell(t, b, ask(a))
		_, err := Ask(t.Context(), a, replies(1))
		require.NoError(t, err)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

// A Tell that blocks is a wait as well.
func TestTellCycles(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		a, b := spawn(t, s, "a", performer, Mailbox(1, Block)), spawn(t, s, "b", performer)
		var toSelf, toAsker error
		_, err := Ask(t.Context(), a, func(r Reply[int]) act {
			return func(c *Context[act]) error {
				if err := c.Self().Tell(c, nothing); err != nil {
					return err
				}
				toSelf = c.Self().Tell(c, nothing)
				_, err := Ask(c, b, func(r Reply[int]) act {
					return func(c *Context[act]) error {
						toAsker = a.Tell(c, nothing)
						r.Send(1)
						return nil
					}
				})
				r.Send(1)
				return err
			}
		})
		require.NoError(t, err)
		require.EqualError(t, toSelf, "actor: waits for itself: a -> a")
		require.EqualError(t, toAsker, "actor: waits for itself: a -> b -> a")
	})
}

func TestTellsOfTwoFullActorsEndWithTheirContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		a, b := spawn(t, s, "a", performer, Mailbox(1, Block)), spawn(t, s, "b", performer, Mailbox(1, Block))
		flood := func(other *Ref[act], patience time.Duration, result chan<- error) act {
			return func(c *Context[act]) error {
				time.Sleep(time.Second) // so that both are full
				ctx, cancel := context.WithTimeout(c, patience)
				defer cancel()
				result <- other.Tell(ctx, nothing)
				return nil
			}
		}
		start := time.Now()
		first, second := make(chan error, 1), make(chan error, 1)
		tell(t, a, flood(b, time.Second, first))
		tell(t, b, flood(a, time.Minute, second))
		time.Sleep(time.Millisecond)
		tell(t, a, nothing)
		tell(t, b, nothing)
		require.Equal(t, context.DeadlineExceeded, <-first)
		require.NoError(t, <-second, "the other one goes on")
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}
