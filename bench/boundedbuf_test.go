package bench

import (
	"context"
	"sync"
	"testing"

	"github.com/interleave-go/interleave/boundedbuf"
)

// queue is what moves items between goroutines.
type queue interface {
	put(context.Context, int)
	get(context.Context) int
}

type buffer struct{ *boundedbuf.Buffer[int] }

func (b buffer) put(ctx context.Context, v int) { _ = b.Put(ctx, v) }

func (b buffer) get(ctx context.Context) int {
	v, _ := b.Get(ctx)
	return v
}

type channel chan int

func (c channel) put(_ context.Context, v int) { c <- v }
func (c channel) get(context.Context) int      { return <-c }

// channelOrDone is a channel as it is used where waits have to end.
type channelOrDone chan int

func (c channelOrDone) put(ctx context.Context, v int) {
	select {
	case c <- v:
	case <-ctx.Done():
	}
}

func (c channelOrDone) get(ctx context.Context) int {
	select {
	case v := <-c:
		return v
	case <-ctx.Done():
		return 0
	}
}

type queueImpl struct {
	name string
	new  func(capacity int) queue
}

var queues = []queueImpl{
	{"ours", func(n int) queue { return buffer{boundedbuf.New[int](n)} }},
	{"chanctx", func(n int) queue { return make(channelOrDone, n) }},
	{"chan", func(n int) queue { return make(channel, n) }},
}

// BenchmarkBufferUncontended: a put and a get on one goroutine.
func BenchmarkBufferUncontended(b *testing.B) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for _, q := range queues[:2] {
		alone(b, impl{q.name, func(*testing.B) func() {
			queue := q.new(1024)
			return func() {
				queue.put(ctx, 1)
				queue.get(ctx)
			}
		}})
	}
}

// throughput moves b.N items from n producers to n consumers.
func throughput(b *testing.B, n, capacity int, queues []queueImpl) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for _, q := range queues {
		b.Run(q.name, func(b *testing.B) {
			queue := q.new(capacity)
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			share(&wg, b.N, n, func() { queue.put(ctx, 1) })
			share(&wg, b.N, n, func() { queue.get(ctx) })
			wg.Wait()
		})
	}
}

func BenchmarkBuffer1p1c(b *testing.B)   { throughput(b, 1, 1024, queues) }
func BenchmarkBuffer4p4c(b *testing.B)   { throughput(b, 4, 1024, queues) }
func BenchmarkBuffer64p64c(b *testing.B) { throughput(b, 64, 64, []queueImpl{queues[0], queues[2]}) }

// BenchmarkBufferBatch64: one item, moved in batches of 64 from one producer to
// one consumer.
func BenchmarkBufferBatch64(b *testing.B) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	b.Run("ours", func(b *testing.B) {
		buf := boundedbuf.New[int](1024)
		b.ReportAllocs()
		n := b.N
		var wg sync.WaitGroup
		wg.Go(func() {
			items := make([]int, 64)
			for put := 0; put < n; put += len(items) {
				_, _ = buf.PutAll(ctx, items[:min(len(items), n-put)])
			}
		})
		items := make([]int, 64)
		for got := 0; got < n; {
			k, _ := buf.GetBatch(ctx, items)
			got += k
		}
		wg.Wait()
	})
	b.Run("chan", func(b *testing.B) {
		queue := make(channel, 1024)
		b.ReportAllocs()
		var wg sync.WaitGroup
		share(&wg, b.N, 1, func() { queue.put(ctx, 1) })
		share(&wg, b.N, 1, func() { queue.get(ctx) })
		wg.Wait()
	})
}
