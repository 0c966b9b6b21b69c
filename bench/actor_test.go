package bench

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	proto "github.com/asynkron/protoactor-go/actor"

	"github.com/interleave-go/interleave/actor"
)

// A ping is what actors are told.
type ping struct{}

// A tally counts pings, and opens done when it has seen n.
type tally struct {
	seen, n int
	done    chan struct{}
}

func (t *tally) count() {
	if t.seen++; t.seen == t.n {
		close(t.done)
	}
}

func newTally(n int) *tally { return &tally{n: n, done: make(chan struct{})} }

func (t *tally) Receive(*actor.Context[*ping], *ping) error {
	t.count()
	return nil
}

// spawn returns an actor of ours of a system that ends with the benchmark.
func spawn[M any](b *testing.B, behavior actor.Behavior[M]) *actor.Ref[M] {
	system := actor.NewSystem()
	b.Cleanup(func() { _ = system.Shutdown(background) })
	ref, err := actor.Spawn(system, "", func() actor.Behavior[M] { return behavior })
	if err != nil {
		b.Fatal(err)
	}
	return ref
}

// spawnProto returns an actor of protoactor.
func spawnProto(b *testing.B, receive proto.ReceiveFunc) (*proto.RootContext, *proto.PID) {
	system := proto.NewActorSystem(proto.WithLoggerFactory(quiet))
	b.Cleanup(system.Shutdown)
	pid := system.Root.Spawn(proto.PropsFromFunc(receive))
	b.Cleanup(func() { _ = system.Root.StopFuture(pid).Wait() })
	return system.Root, pid
}

// BenchmarkActorTell: one goroutine tells one actor, which counts.
func BenchmarkActorTell(b *testing.B) {
	m := new(ping)
	stream(b, "ours", func(b *testing.B, n int) {
		t := newTally(n)
		ref := spawn(b, t)
		for range n {
			_ = ref.Tell(background, m)
		}
		<-t.done
	})
	stream(b, "protoactor", func(b *testing.B, n int) {
		t := newTally(n)
		root, pid := spawnProto(b, t.receiveProto)
		for range n {
			root.Send(pid, m)
		}
		<-t.done
	})
	stream(b, "chan", func(b *testing.B, n int) {
		t := newTally(n)
		mailbox := make(chan *ping, 1024)
		go func() {
			for range mailbox {
				t.count()
			}
		}()
		for range n {
			mailbox <- m
		}
		<-t.done
		close(mailbox)
	})
}

func (t *tally) receiveProto(c proto.Context) {
	if _, ok := c.Message().(*ping); ok {
		t.count()
	}
}

// BenchmarkActorTellParallel: as many goroutines as there are cores tell one actor.
func BenchmarkActorTellParallel(b *testing.B) {
	m := new(ping)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		t := newTally(b.N)
		ref := spawn(b, t)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = ref.Tell(background, m)
			}
		})
		<-t.done
	})
	b.Run("protoactor", func(b *testing.B) {
		b.ReportAllocs()
		t := newTally(b.N)
		root, pid := spawnProto(b, t.receiveProto)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				root.Send(pid, m)
			}
		})
		<-t.done
	})
}

// BenchmarkActorAsk: a request and its reply, one after the other.
func BenchmarkActorAsk(b *testing.B) {
	m := new(ping)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		ref := spawn(b, actor.Func[actor.Reply[*ping]](
			func(_ *actor.Context[actor.Reply[*ping]], r actor.Reply[*ping]) error {
				r.Send(m)
				return nil
			}))
		for b.Loop() {
			_, _ = actor.Ask(background, ref, func(r actor.Reply[*ping]) actor.Reply[*ping] { return r })
		}
	})
	b.Run("protoactor", func(b *testing.B) {
		b.ReportAllocs()
		root, pid := spawnProto(b, func(c proto.Context) {
			if _, ok := c.Message().(*ping); ok {
				c.Respond(m)
			}
		})
		for b.Loop() {
			_, _ = root.RequestFuture(pid, m, time.Minute).Result()
		}
	})
	b.Run("limit-chan", func(b *testing.B) {
		b.ReportAllocs()
		there, back := make(chan *ping), make(chan *ping)
		go func() {
			for m := range there {
				back <- m
			}
		}()
		for b.Loop() {
			there <- m
			<-back
		}
		close(there)
	})
}

// BenchmarkActorIdleBytes: one of a million actors that have nothing to do. What is
// reported as B/op is how much the heap and the stacks have grown for it.
func BenchmarkActorIdleBytes(b *testing.B) {
	const million = 1_000_000
	measure := func(b *testing.B, spawnAll func(n int) (end func())) {
		for b.Loop() {
			before := memory()
			end := spawnAll(million)
			b.ReportAllocs()
			b.ReportMetric((memory()-before)/million, "B/op")
			end()
		}
	}
	b.Run("ours", func(b *testing.B) {
		measure(b, func(n int) func() {
			system := actor.NewSystem()
			for range n {
				_, _ = actor.Spawn(system, "", func() actor.Behavior[int] { return new(adder) })
			}
			return func() { _ = system.Shutdown(context.Background()) }
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		measure(b, func(n int) func() {
			var left atomic.Int64
			left.Store(int64(n))
			mailboxes := make([]chan int, n)
			ended := make(chan struct{})
			for i := range mailboxes {
				mailbox := make(chan int, 1)
				mailboxes[i] = mailbox
				go func() {
					sum := new(adder)
					for v := range mailbox {
						sum.total += v
					}
					if left.Add(-1) == 0 {
						close(ended)
					}
				}()
			}
			return func() {
				for _, mailbox := range mailboxes {
					close(mailbox)
				}
				<-ended
			}
		})
	})
}

// An adder is the state of an idle actor.
type adder struct{ total int }

func (a *adder) Receive(_ *actor.Context[int], v int) error {
	a.total += v
	return nil
}

// memory returns the bytes in use for the heap and for stacks.
func memory() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func quiet(*proto.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
