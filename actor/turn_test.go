package actor

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// loner is a behavior without locks. The state is shared by all its incarnations.
type loner struct {
	t      *testing.T
	inside bool
	calls  int
}

func (l *loner) enter() (leave func()) {
	if l.inside {
		l.t.Error("two at a time")
	}
	l.inside = true
	l.calls++
	return func() { l.inside = false }
}

func (l *loner) Started(*Context[int]) error   { l.enter()(); return nil }
func (l *loner) Stopping(*Context[int], error) { l.enter()() }
func (l *loner) Stopped(*Context[int], error)  { l.enter()() }
func (l *loner) Receive(c *Context[int], m int) error {
	defer l.enter()()
	if m%100 == 0 {
		runtime.Gosched()
	}
	switch {
	case m < 0: // from itself
	case m%1000 == 999:
		runtime.Goexit()
	case m%100 == 98:
		return errTest
	case m%100 == 97:
		panic("ouch")
	case m%10 == 5:
		c.After(0, -1)
		Pipe(c, func(context.Context) (int, error) { return -1, nil }, func(n int, _ error) int { return n })
	}
	return nil
}

// The race detector sees to the rest.
func TestOneCallAtATime(t *testing.T) {
	const senders, messages = 4, 5000 / slowdown
	for name, opts := range map[string][]Option{"unbounded": nil, "bounded": {Mailbox(10, Block)}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				l := &loner{t: t}
				ref := spawn(t, s, "", func() Behavior[int] { return l }, opts...)
				var wg sync.WaitGroup
				for range senders {
					wg.Go(func() {
						for n := range messages {
							if err := ref.Tell(t.Context(), n); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
				require.NoError(t, ref.Stop(t.Context()))
				require.GreaterOrEqual(t, l.calls, senders*messages+1)
			})
		})
	}
}

// What comes before Tell is seen by Receive, and what comes before a reply by the asker.
func TestTellSynchronizesBeforeReceive(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer)
		for range 1000 / slowdown {
			var there, back int
			there = 1
			_, err := Ask(t.Context(), ref, func(r Reply[int]) act {
				return func(*Context[act]) error {
					back = there
					r.Send(0)
					return nil
				}
			})
			require.NoError(t, err)
			require.Equal(t, 1, back)
		}
	})
}

func TestOthersGetTheirTurn(t *testing.T) {
	for name, opts := range map[string][]Option{"unbounded": nil, "bounded": {Mailbox(100_000, Block)}} {
		t.Run(name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			s := NewSystem()
			var others atomic.Int64
			seen := map[int64]bool{}
			ref := spawn(t, s, "", performer, opts...)
			release := block(t, ref)
			for range 10 * turnLength {
				require.NoError(t, ref.TryTell(func(*Context[act]) error {
					seen[others.Load()] = true
					return nil
				}))
			}
			over := make(chan struct{})
			tell(t, ref, func(*Context[act]) error { close(over); return nil })
			close(release)
			for running := true; running; {
				select {
				case <-over:
					running = false
				default:
					others.Add(1)
					runtime.Gosched()
				}
			}
			require.GreaterOrEqual(t, len(seen), 8, "10, but the runtime may stop the others before they have counted")
			require.NoError(t, s.Shutdown(context.Background()))
		})
	}
}

// A sender that does not stop yields as well, or else it would fill the memory of one core.
func TestSendersYield(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := NewSystem()
	ref := spawn(t, s, "", performer)
	most := uint64(0)
	for range 20 * turnLength {
		tell(t, ref, nothing)
		most = max(most, ref.Stats().Waiting)
	}
	require.LessOrEqual(t, most, uint64(2*turnLength))
	require.NoError(t, s.Shutdown(context.Background()))
}

func TestFailuresOfReceive(t *testing.T) {
	for name, test := range map[string]struct {
		fail act
		want string
	}{
		"error":  {func(*Context[act]) error { return errTest }, "test failure"},
		"panic":  {func(*Context[act]) error { panic("ouch") }, "panic ouch"},
		"goexit": {func(*Context[act]) error { runtime.Goexit(); return nil }, ErrGoexit.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			inBubble(t, func(t *testing.T, s *System) {
				incarnation := 0
				ref := spawn(t, s, "a", func() Behavior[act] {
					incarnation++
					return performer()
				})
				release := block(t, ref)
				tell(t, ref, j.note("1"), test.fail, j.note("2"), test.fail, test.fail, j.note("3"))
				close(release)
				failed := "a failed: " + test.want + "; restarts"
				require.Equal(t, []string{"1", failed, "2", failed, failed, "3"}, j.take())
				require.Equal(t, 4, incarnation)
				require.Equal(t, Stats{Accepted: 7, Handled: 7}, ref.Stats())
				tell(t, ref, j.note("4"))
				require.Equal(t, []string{"4"}, j.take())
			}, j.hooks())
		})
	}
}

// What makes a message of the result of a pipe is code of the user as well.
func TestFailureToMakeAMessage(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		tell(t, ref, func(c *Context[act]) error {
			Pipe(c, func(context.Context) (int, error) { return 0, nil },
				func(int, error) act { panic("ouch") })
			return nil
		})
		synctest.Wait()
		tell(t, ref, j.note("next"))
		require.Equal(t, []string{"a failed: panic ouch; restarts", "next"}, j.take())
	}, j.hooks())
}
