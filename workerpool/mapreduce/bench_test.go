package mapreduce

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/interleave-go/interleave/workerpool"
)

// BenchmarkWordCount counts the words of 200 texts of 5000 words each.
func BenchmarkWordCount(b *testing.B) {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 5, 50_000)
	texts := make([]string, 200)
	bytes := 0
	for i := range texts {
		words := make([]string, 5000)
		for j := range words {
			words[j] = fmt.Sprint("w", zipf.Uint64())
		}
		texts[i] = strings.Join(words, " ")
		bytes += len(texts[i])
	}
	const workers = 2
	mapreduced := func(memory int, combine func(a, b int) int) func(b *testing.B) {
		return func(b *testing.B) {
			p := newPool(b, workers)
			b.SetBytes(int64(bytes))
			for b.Loop() {
				for _, err := range Run(b.Context(), p, slices.Values(texts), Job[string, string, int, int]{
					Map: func(_ context.Context, text string, emit func(string, int)) error {
						for w := range strings.FieldsSeq(text) {
							emit(w, 1)
						}
						return nil
					},
					Combine: combine, Reduce: Sum[string, int], Memory: memory, TempDir: b.TempDir(),
				}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
	b.Run("mapreduce", mapreduced(0, add))
	b.Run("mapreduce to files", mapreduced(1<<20, add))
	b.Run("mapreduce without Combine", mapreduced(-1, nil))
	b.Run("map in one goroutine", func(b *testing.B) {
		b.SetBytes(int64(bytes))
		for b.Loop() {
			counts := map[string]int{}
			for _, text := range texts {
				for w := range strings.FieldsSeq(text) {
					counts[w]++
				}
			}
		}
	})
	b.Run("map and mutex", func(b *testing.B) {
		p := newPool(b, workers)
		b.SetBytes(int64(bytes))
		for b.Loop() {
			var mu sync.Mutex
			counts := map[string]int{}
			for _, err := range workerpool.MapUnordered(b.Context(), p, slices.Values(texts), func(_ context.Context, text string) (int, error) {
				for w := range strings.FieldsSeq(text) {
					mu.Lock()
					counts[w]++
					mu.Unlock()
				}
				return 0, nil
			}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
