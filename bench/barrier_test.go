package bench

import (
	"context"
	"sync"
	"testing"

	"github.com/interleave-go/interleave/barrier"
)

// condBarrier is the least that a rendezvous can cost without a context.
type condBarrier struct {
	mu               sync.Mutex
	all              sync.Cond
	parties, arrived int
	trip             int
}

func (b *condBarrier) wait(context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.arrived++; b.arrived == b.parties {
		b.arrived = 0
		b.trip++
		b.all.Broadcast()
		return
	}
	for trip := b.trip; trip == b.trip; {
		b.all.Wait()
	}
}

// rendezvous lets n goroutines meet b.N times.
func rendezvous(ctx context.Context, b *testing.B, n int) {
	run := func(name string, wait func(context.Context)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			trips := b.N
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					for range trips {
						wait(ctx)
					}
				})
			}
			wg.Wait()
		})
	}
	ours := barrier.New(n)
	run("ours", func(ctx context.Context) { _, _ = ours.Wait(ctx) })
	floor := &condBarrier{parties: n}
	floor.all.L = &floor.mu
	run("limit-cond", floor.wait)
}

func BenchmarkBarrier2(b *testing.B)  { rendezvous(background, b, 2) }
func BenchmarkBarrier8(b *testing.B)  { rendezvous(background, b, 8) }
func BenchmarkBarrier64(b *testing.B) { rendezvous(background, b, 64) }

// BenchmarkBarrierCtx64: the same with a context that can end. The floor has none.
func BenchmarkBarrierCtx64(b *testing.B) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	rendezvous(ctx, b, 64)
}
