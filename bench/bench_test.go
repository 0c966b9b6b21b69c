// Package bench measures this library next to the ones it is compared with, and
// next to the least that the work can cost. README.md says how to read it.
package bench

import (
	"context"
	"sync"
	"testing"
)

var background = context.Background()

func succeed(context.Context) error { return nil }

// impl is one implementation of a row: setup returns what one operation is.
type impl struct {
	name  string
	setup func(b *testing.B) (op func())
}

// alone runs the operations on one goroutine.
func alone(b *testing.B, impls ...impl) {
	for _, im := range impls {
		b.Run(im.name, func(b *testing.B) {
			op := im.setup(b)
			b.ReportAllocs()
			for b.Loop() {
				op()
			}
		})
	}
}

// parallel runs them on all cores at once.
func parallel(b *testing.B, impls ...impl) {
	for _, im := range impls {
		b.Run(im.name, func(b *testing.B) {
			op := im.setup(b)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					op()
				}
			})
		})
	}
}

// crowd shares b.N operations among n goroutines.
func crowd(b *testing.B, n int, impls ...impl) {
	for _, im := range impls {
		b.Run(im.name, func(b *testing.B) {
			op := im.setup(b)
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			share(&wg, b.N, n, op)
			wg.Wait()
		})
	}
}

// share starts n goroutines that do ops operations in all.
func share(wg *sync.WaitGroup, ops, n int, op func()) {
	for i := range n {
		part := ops / n
		if i < ops%n {
			part++
		}
		wg.Go(func() {
			for range part {
				op()
			}
		})
	}
}
