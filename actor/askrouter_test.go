package actor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A request is for an actor of a router, which replies with its number.
type request struct {
	key   int
	reply Reply[int]
}

// servers spawns a router whose actors reply with their number, or leave after a message.
func servers(t *testing.T, s *System, size int) *Router[request] {
	made := 0
	r, err := NewRouter(t.Context(), s, "router", size, func(m request, to []*Ref[request]) int { return m.key % len(to) },
		func() Behavior[request] {
			number := made
			made++
			return Func[request](func(c *Context[request], m request) error {
				if m.key >= 100 { // it stops, and does not reply
					c.Stop()
					return nil
				}
				m.reply.Send(number)
				return nil
			})
		})
	require.NoError(t, err)
	return r
}

func TestAskRouter(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r := servers(t, s, 3)
		refs := r.Routees()
		zero, real := 0, 0
		asks := func(key int) func(Reply[int]) request {
			zero, real = 0, 0
			return func(reply Reply[int]) request {
				if reply == (Reply[int]{}) {
					zero++
				} else {
					real++
				}
				return request{key, reply}
			}
		}
		for key, want := range []int{0, 1, 2, 0} {
			v, err := AskRouter(t.Context(), r, asks(key))
			require.NoError(t, err)
			require.Equal(t, want, v)
			require.Equal(t, []int{1, 1}, []int{zero, real})
		}
		// One that has stopped, which the router does not know yet, is passed over.
		require.NoError(t, refs[1].Stop(t.Context()))
		synctest.Wait()
		r.routees.Store(&refs)
		v, err := AskRouter(t.Context(), r, asks(1))
		require.NoError(t, err)
		require.Equal(t, 2, v, "the last one has its place")
		require.Equal(t, []int{1, 2}, []int{zero, real})
		// One that leaves without a reply may have done what it was asked to.
		_, err = AskRouter(t.Context(), r, asks(102))
		require.Equal(t, ErrStopped, err)
		require.Equal(t, []int{1, 1}, []int{zero, real})
		require.NoError(t, r.Stop(t.Context()))
		_, err = AskRouter(t.Context(), r, asks(0))
		require.Equal(t, ErrStopped, err)
	})
}

func TestAskRouterEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		r, err := NewRouter(t.Context(), s, "", 2, RoundRobin[act](), performer)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err = AskRouter(ctx, r, silent)
		require.Equal(t, context.DeadlineExceeded, err)
		require.Equal(t, time.Second, time.Since(began))
		_, err = AskRouter(ctx, r, replies(1))
		require.Equal(t, context.DeadlineExceeded, err)
		// An actor of it that would ask itself is told so.
		self := r.Routees()[0]
		v, err := Ask(t.Context(), self, func(reply Reply[int]) act {
			return func(c *Context[act]) error {
				route := r.route
				r.route = func(act, []*Ref[act]) int { return 0 }
				_, err := AskRouter(c, r, replies(1))
				r.route = route
				require.ErrorAs(t, err, new(*CycleError))
				reply.Send(1)
				return nil
			}
		})
		require.NoError(t, err)
		require.Equal(t, 1, v)
	})
}
