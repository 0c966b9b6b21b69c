package workerpool_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"testing"

	"github.com/interleave-go/interleave/workerpool"
)

// BenchmarkPrimes tests numbers by trial division, in a loop and by Map: with as many
// workers as processors, Map takes that part of the time.
func BenchmarkPrimes(b *testing.B) {
	const from, to = 10_000_000_000, 10_000_000_400
	numbers := func(yield func(int) bool) {
		for n := from; n < to; n++ {
			if !yield(n) {
				return
			}
		}
	}
	prime := func(_ context.Context, n int) (bool, error) {
		for d := 2; d*d <= n; d++ {
			if n%d == 0 {
				return false, nil
			}
		}
		return true, nil
	}
	count := func(b *testing.B, results iter.Seq2[bool, error]) {
		primes := 0
		for is, err := range results {
			if err != nil {
				b.Fatal(err)
			}
			if is {
				primes++
			}
		}
		if primes != 16 {
			b.Fatalf("%d primes", primes)
		}
	}
	b.Run("loop", func(b *testing.B) {
		for b.Loop() {
			count(b, func(yield func(bool, error) bool) {
				for n := range numbers {
					if is, err := prime(b.Context(), n); !yield(is, err) {
						return
					}
				}
			})
		}
	})
	for workers := 1; workers <= runtime.GOMAXPROCS(0); workers *= 2 {
		b.Run(fmt.Sprintf("map/workers=%d", workers), func(b *testing.B) {
			p := workerpool.New(workers)
			defer p.Close()
			for b.Loop() {
				count(b, workerpool.Map(b.Context(), p, numbers, prime))
			}
		})
		b.Run(fmt.Sprintf("unordered/workers=%d", workers), func(b *testing.B) {
			p := workerpool.New(workers)
			defer p.Close()
			for b.Loop() {
				count(b, workerpool.MapUnordered(b.Context(), p, numbers, prime))
			}
		})
	}
}
