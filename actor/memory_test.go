package actor

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func heapBytes() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestHeapIsFlat(t *testing.T) {
	const rounds, messages = 1000 / slowdown, 10_000
	for name, opts := range map[string][]Option{"unbounded": nil, "bounded": {Mailbox(1000, Block)}} {
		t.Run(name, func(t *testing.T) {
			s := NewSystem()
			total := 0
			ref := spawn(t, s, "", handler(func(_ *Context[*[8]int], m *[8]int) error {
				total++
				return nil
			}), opts...)
			round := func() {
				for range messages {
					_ = ref.Tell(context.Background(), new([8]int))
				}
				for ref.Stats().Waiting > 0 {
					runtime.Gosched()
				}
			}
			round()
			before := heapBytes()
			for range rounds {
				round()
			}
			require.Less(t, heapBytes(), before+256<<10)
			require.NoError(t, s.Shutdown(context.Background()))
			require.Equal(t, (rounds+1)*messages, total)
		})
	}
}

// A chain of asks, each of which is answered before the next one, leaves nothing behind.
func TestHeapIsFlatUnderAsks(t *testing.T) {
	const rounds = 20_000 / slowdown
	inBubble(t, func(t *testing.T, s *System) {
		var a, b *Ref[act]
		var before uint64
		done := make(chan struct{})
		var ping func(n int, self, other *Ref[act], r Reply[int]) act
		ping = func(n int, self, other *Ref[act], r Reply[int]) act {
			return func(c *Context[act]) error {
				r.Send(n)
				switch n {
				case 100:
					before = heapBytes()
				case rounds:
					if now := heapBytes(); now > before+1<<20 {
						t.Errorf("%d bytes more", now-before)
					}
					close(done)
					return nil
				}
				_, err := Ask(c, other, func(r Reply[int]) act { return ping(n+1, other, self, r) })
				return err
			}
		}
		a, b = spawn(t, s, "a", performer), spawn(t, s, "b", performer)
		tell(t, a, ping(0, a, b, Reply[int]{}))
		<-done
	})
}

// A burst leaves no large mailbox behind.
func TestRestingActorsHaveSmallMailboxes(t *testing.T) {
	for name, opts := range map[string][]Option{"unbounded": nil, "bounded": {Mailbox(100_000, Block)}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				ref := spawn(t, s, "", performer, opts...)
				release := block(t, ref)
				for range 100_000 {
					tell(t, ref, nothing)
				}
				close(release)
				synctest.Wait()
				a := ref.actor
				a.mu.Lock()
				room := max(cap(a.in), cap(a.out))
				a.mu.Unlock()
				require.LessOrEqual(t, room, keep)
				tell(t, ref, nothing)
				synctest.Wait()
				require.Equal(t, Stats{Accepted: 100_002, Handled: 100_002}, ref.Stats())
			})
		})
	}
}

// Neither a resting nor a stopped actor keeps what it has dealt with.
func TestActorsKeepNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		collected := map[string]bool{}
		var mu sync.Mutex
		track := func(name string) *[64]int {
			v := new([64]int)
			runtime.AddCleanup(v, func(name string) {
				mu.Lock()
				collected[name] = true
				mu.Unlock()
			}, name)
			return v
		}
		ref := spawn(t, s, "", performer)
		_, err := Ask(t.Context(), ref, func(r Reply[int]) act {
			v := track("question")
			return func(*Context[act]) error { r.Send(v[0]); return nil }
		})
		require.NoError(t, err)
		_, err = Ask(t.Context(), ref, func(r Reply[*[64]int]) act {
			return func(*Context[act]) error { r.Send(track("reply")); return nil }
		})
		require.NoError(t, err)

		keeps := func(v *[64]int) Behavior[act] {
			return Func[act](func(c *Context[act], m act) error { v[0]++; return m(c) })
		}
		stopped := spawn(t, s, "", func() Behavior[act] { return keeps(track("first behavior")) })
		tell(t, stopped, func(c *Context[act]) error {
			c.Become(keeps(track("second behavior")))
			return nil
		})
		release := block(t, stopped)
		v := track("undelivered")
		tell(t, stopped, func(*Context[act]) error { v[0]++; return nil })
		v = nil
		killed := background(func() (int, error) { return 0, stopped.Kill(context.Background()) })
		require.False(t, killed.over())
		close(release)
		require.True(t, killed.over())

		all := []string{"question", "reply", "first behavior", "second behavior", "undelivered"}
		for range 20 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		for i := 0; i < 1000; i++ { // cleanups run outside of the bubble
			mu.Lock()
			n := len(collected)
			mu.Unlock()
			if n == len(all) {
				break
			}
			runtime.GC()
			runtime.Gosched()
		}
		mu.Lock()
		for _, name := range all {
			require.True(t, collected[name], "%s is kept", name)
		}
		mu.Unlock()
		runtime.KeepAlive(ref)
		runtime.KeepAlive(stopped)
	})
}
