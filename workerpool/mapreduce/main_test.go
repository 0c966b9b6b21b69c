package mapreduce

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/workerpool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newPool returns a pool that is closed at the end of the test.
func newPool(t testing.TB, workers int, opts ...workerpool.Option) *workerpool.Pool {
	p := workerpool.New(workers, opts...)
	t.Cleanup(p.Close)
	return p
}

// listing is a job that emits what the inputs are, and lists the values of each key.
func listing[K cmp.Ordered, V any]() Job[[]Result[K, V], K, V, []V] {
	return Job[[]Result[K, V], K, V, []V]{
		Map: func(_ context.Context, in []Result[K, V], emit func(K, V)) error {
			for _, p := range in {
				emit(p.Key, p.Value)
			}
			return nil
		},
		Reduce: func(_ context.Context, _ K, values iter.Seq[V]) ([]V, error) { return slices.Collect(values), nil },
	}
}

// modelled returns what the results of listing have to be.
func modelled[K cmp.Ordered, V any](inputs [][]Result[K, V]) (results []Result[K, []V]) {
	for _, in := range inputs {
		for _, p := range in {
			i, found := slices.BinarySearchFunc(results, p.Key, func(r Result[K, []V], k K) int { return cmp.Compare(r.Key, k) })
			if !found {
				results = slices.Insert(results, i, Result[K, []V]{Key: p.Key})
			}
			results[i].Value = append(results[i].Value, p.Value)
		}
	}
	return results
}

// collected returns the results before the error, and the error.
func collected[K, R any](seq iter.Seq2[Result[K, R], error]) (results []Result[K, R], err error) {
	for r, e := range seq {
		if err != nil {
			return nil, fmt.Errorf("something after the error: %v, %v", r, e)
		}
		if err = e; err == nil {
			results = append(results, r)
		}
	}
	return results, err
}

// emptyDir returns a directory that has to be empty at the end of the test.
func emptyDir(t testing.TB) string {
	dir := t.TempDir()
	t.Cleanup(func() { requireEmpty(t, dir) })
	return dir
}

func requireEmpty(t testing.TB, dir string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// numbers yields the numbers below n.
func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// modulo counts numbers by their remainder.
func modulo(keys int) Job[int, int, int, int] {
	return Job[int, int, int, int]{
		Map:    func(_ context.Context, in int, emit func(int, int)) error { emit(in%keys, 1); return nil },
		Reduce: Sum[int, int],
	}
}

func add(a, b int) int { return a + b }
