package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	xsync "golang.org/x/sync/semaphore"

	"github.com/interleave-go/interleave/semaphore"
)

// weighted is what both semaphores are. Calls through it cost both the same.
type weighted interface {
	Acquire(context.Context, int64) error
	Release(int64)
}

func oursSemaphore(n int64) impl {
	return impl{"ours", func(*testing.B) func() {
		s := semaphore.NewWeighted(n)
		return func() {
			_ = s.Acquire(background, 1)
			s.Release(1)
		}
	}}
}

func xsyncSemaphore(n int64) impl {
	return impl{"xsync", func(*testing.B) func() {
		s := xsync.NewWeighted(n)
		return func() {
			_ = s.Acquire(background, 1)
			s.Release(1)
		}
	}}
}

// BenchmarkSemaphoreUncontended: Acquire(1) and Release(1) of one that is free.
func BenchmarkSemaphoreUncontended(b *testing.B) {
	alone(b, oursSemaphore(10), xsyncSemaphore(10), impl{"limit-cas", func(*testing.B) func() {
		var free atomic.Int64
		free.Store(10)
		return func() {
			for {
				n := free.Load()
				if n > 0 && free.CompareAndSwap(n, n-1) {
					break
				}
			}
			free.Add(1)
		}
	}})
}

// BenchmarkSemaphoreParallel: the same on all cores, with units for everyone.
func BenchmarkSemaphoreParallel(b *testing.B) {
	parallel(b, oursSemaphore(1000), xsyncSemaphore(1000))
}

// BenchmarkSemaphoreContended: 64 goroutines on 4 units.
func BenchmarkSemaphoreContended(b *testing.B) {
	crowd(b, 64, oursSemaphore(4), xsyncSemaphore(4), impl{"chan", func(*testing.B) func() {
		s := make(chan struct{}, 4)
		return func() {
			s <- struct{}{}
			<-s
		}
	}})
}

// BenchmarkSemaphoreHandoff: two goroutines that wake each other. One operation
// is there and back.
func BenchmarkSemaphoreHandoff(b *testing.B) {
	handoff := func(name string, newOne func() weighted) {
		b.Run(name, func(b *testing.B) {
			there, back := newOne(), newOne()
			_, _ = there.Acquire(background, 1), back.Acquire(background, 1)
			b.ReportAllocs()
			b.ResetTimer()
			n := b.N
			var wg sync.WaitGroup
			wg.Go(func() {
				for range n {
					_ = there.Acquire(background, 1)
					back.Release(1)
				}
			})
			for range n {
				there.Release(1)
				_ = back.Acquire(background, 1)
			}
			wg.Wait()
		})
	}
	handoff("ours", func() weighted { return semaphore.NewWeighted(1) })
	handoff("xsync", func() weighted { return xsync.NewWeighted(1) })
	b.Run("limit-chan", func(b *testing.B) {
		there, back := make(chan struct{}), make(chan struct{})
		b.ReportAllocs()
		n := b.N
		var wg sync.WaitGroup
		wg.Go(func() {
			for range n {
				<-there
				back <- struct{}{}
			}
		})
		for range n {
			there <- struct{}{}
			<-back
		}
		wg.Wait()
	})
}
