package bench

import (
	"context"
	"testing"

	"github.com/jackc/puddle/v2"

	"github.com/interleave-go/interleave/semaphore/connpool"
)

func dial(context.Context) (int, error) { return 1, nil }

// oursPool returns a pool of n idle connections.
func oursPool(n int) impl {
	return impl{"ours", func(b *testing.B) func() {
		p := connpool.New(dial, connpool.Config[int]{MaxConns: n})
		b.Cleanup(func() { _ = p.Close(background) })
		held := make([]*connpool.Conn[int], n)
		for i := range held {
			held[i], _ = p.Acquire(background)
		}
		for _, c := range held {
			c.Release()
		}
		return func() {
			c, _ := p.Acquire(background)
			c.Release()
		}
	}}
}

func puddlePool(n int) impl {
	return impl{"puddle", func(b *testing.B) func() {
		p, err := puddle.NewPool(&puddle.Config[int]{
			Constructor: dial, Destructor: func(int) {}, MaxSize: int32(n),
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(p.Close)
		held := make([]*puddle.Resource[int], n)
		for i := range held {
			held[i], _ = p.Acquire(background)
		}
		for _, r := range held {
			r.Release()
		}
		return func() {
			r, _ := p.Acquire(background)
			r.Release()
		}
	}}
}

// BenchmarkConnpoolUncontended: Acquire and Release with 10 idle connections.
func BenchmarkConnpoolUncontended(b *testing.B) { alone(b, oursPool(10), puddlePool(10)) }

// BenchmarkConnpoolContended: 64 goroutines on 4 connections.
func BenchmarkConnpoolContended(b *testing.B) { crowd(b, 64, oursPool(4), puddlePool(4)) }
