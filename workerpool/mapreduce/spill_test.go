package mapreduce

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A thousand runs and more are merged with few files open at a time.
func TestManyRuns(t *testing.T) {
	t.Parallel()
	const workers, inputs = 2, fanIn*fanIn + 104
	for _, combine := range []func(a, b int) int{nil, add} {
		d := newFakeDisk(t)
		job := modulo(100)
		job.Combine, job.Memory, job.Partitions = combine, 1, 3
		var last Progress
		job.Progress = func(p Progress) { last = p }
		got, err := collected(runOn(t.Context(), newPool(t, workers), numbers(inputs), job, d))
		require.NoError(t, err)
		require.Len(t, got, 100)
		for _, r := range got {
			require.Equal(t, inputs/100, r.Value)
		}
		require.Greater(t, last.Runs, inputs)
		require.LessOrEqual(t, d.most, workers*(fanIn+1))
	}
}

// Runs are merged in groups of neighbours, no more of them than have to be.
func TestGrouped(t *testing.T) {
	t.Parallel()
	for n := 1; n < 3*fanIn*fanIn; n += 1 + n/20 {
		runs := make([]*sorted, n)
		for i := range runs {
			runs[i] = &sorted{path: fmt.Sprint(i)}
		}
		groups := grouped(runs)
		require.Equal(t, runs, slices.Concat(groups...))
		merged := 0
		for _, g := range groups {
			require.LessOrEqual(t, len(g), fanIn)
			if len(g) > 1 {
				merged += len(g)
			}
		}
		switch excess := n - fanIn; {
		case excess <= 0:
			require.Len(t, groups, n)
		case excess < fanIn:
			require.Len(t, groups, fanIn)
			require.Equal(t, excess+1, merged)
		default:
			require.GreaterOrEqual(t, len(groups), min(fanIn, n/fanIn))
			require.Less(t, len(groups), n)
		}
	}
}

// A pair too large for the memory is written at once, and all others after a share of it.
func TestMemoryDecidesWhenToSpill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		memory, least, most int
	}{{-1, 0, 0}, {0, 0, 0}, {1 << 20, 0, 0}, {20_000, 5, 30}, {1, 1000, 1100}} {
		job := modulo(1000)
		job.Memory, job.TempDir = c.memory, emptyDir(t)
		var last Progress
		job.Progress = func(p Progress) { last = p }
		_, err := collected(Run(t.Context(), newPool(t, 2), numbers(1000), job))
		require.NoError(t, err)
		require.GreaterOrEqual(t, last.Runs, c.least)
		require.LessOrEqual(t, last.Runs, c.most)
		require.Equal(t, last.Runs > 0, last.Spilled > 0)
		require.Contains(t, last.String(), "1000 inputs, 1000 pairs")
	}
}

// Size decides in place of what is estimated, and follows what Combine makes of values.
func TestSize(t *testing.T) {
	t.Parallel()
	run := func(combine func(a, b []int) []int, size func(int, []int) int) (p Progress) {
		job := Job[int, int, []int, int]{
			Map:     func(_ context.Context, in int, emit func(int, []int)) error { emit(0, []int{in}); return nil },
			Combine: combine, Size: size, Memory: 100_000, TempDir: emptyDir(t),
			Reduce: func(_ context.Context, _ int, values iter.Seq[[]int]) (n int, _ error) {
				for v := range values {
					n += len(v)
				}
				return n, nil
			},
			Progress: func(now Progress) { p = now },
		}
		got, err := collected(Run(t.Context(), newPool(t, 1), numbers(1000), job))
		require.NoError(t, err)
		require.Equal(t, []Result[int, int]{{0, 1000}}, got)
		return p
	}
	join := func(a, b []int) []int { return append(a, b...) }
	require.Zero(t, run(join, nil).Runs)
	require.Equal(t, 10, run(join, func(_ int, v []int) int { return len(v) * 1000 }).Runs)
	require.Zero(t, run(nil, nil).Runs)
	require.InDelta(t, 10, run(nil, func(_ int, v []int) int { return len(v) * 1000 }).Runs, 2)
}

// Sizes are those of what keys and values refer to.
func TestEstimate(t *testing.T) {
	t.Parallel()
	type ring struct {
		Next *ring
		Name string
	}
	r := &ring{Name: "abc"}
	r.Next = r
	x := 1
	estimate(t, 0, 0, 0)
	estimate(t, 3, "abc", 0)
	estimate(t, 3, named("abc"), [4]int{})
	estimate(t, 8, 0, "abcdefgh")
	estimate(t, 80, 0, make([]int, 0, 10))
	estimate(t, 48+5, 0, []string{"abc", "de", ""})
	estimate(t, 5, 0, [2]string{"abc", "de"})
	estimate(t, 8, 0, &x)
	estimate(t, 0, 0, (*int)(nil))
	estimate(t, 16+3, 0, any("abc"))
	estimate(t, 48+2*24+3, 0, map[string]int{"abc": 1})
	estimate(t, 3, 0, struct {
		A int
		B string
	}{1, "abc"})
	estimate(t, 10*24, 0, r) // a ring has no end
	estimate(t, 100, 0, 0, 100)
}

func estimate[K, V any](t *testing.T, want int, key K, value V, user ...int) {
	t.Helper()
	var fn func(K, V) int
	if len(user) > 0 {
		fn = func(K, V) int { return user[0] }
	}
	s := newSizes[K, V](fn)
	require.Equal(t, want, s.pair(&key, &value))
}

// Combine leaves less to be written.
func TestCombineWritesLess(t *testing.T) {
	t.Parallel()
	written := func(combine func(a, b int) int) (p Progress) {
		job := modulo(500)
		job.Combine, job.Memory, job.TempDir = combine, 30_000, emptyDir(t)
		job.Progress = func(now Progress) { p = now }
		_, err := collected(Run(t.Context(), newPool(t, 2), numbers(20_000), job))
		require.NoError(t, err)
		return p
	}
	all, combined := written(nil), written(add)
	require.Equal(t, all.Pairs, combined.Pairs)
	require.Positive(t, combined.Spilled)
	require.Less(t, combined.Spilled, all.Spilled/2)
}

// What is kept at any time is within the memory that it may take, and a constant: here
// a tenth of all pairs.
func TestMemoryIsBounded(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("the heap of the race detector differs")
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const inputs, each = 400, 2000
	for _, combine := range []func(a, b int) int{nil, add} {
		const memory = 8 << 20
		var before, most int64
		var mapped atomic.Int64
		pad := strings.Repeat("x", 50)
		job := Job[int, string, int, int]{
			Map: func(_ context.Context, in int, emit func(string, int)) error {
				for i := range each {
					emit(fmt.Sprintf("%08d %s", in*each+i, pad), 1) // all different
				}
				mapped.Add(1)
				return nil
			},
			Combine: combine, Reduce: Sum[string, int], Memory: memory, TempDir: emptyDir(t),
		}
		calls := 0
		job.Progress = func(Progress) {
			if calls++; calls%20 == 0 {
				most = max(most, heap())
			}
		}
		before = heap()
		n := 0
		for _, err := range Run(t.Context(), newPool(t, 2), numbers(inputs), job) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, inputs*each, n)
		require.Less(t, most-before, int64(memory+4<<20))
		require.Greater(t, most-before, int64(memory/4)) // it is put to use
	}
}

// A key that is part of a large string does not keep that in memory.
func TestKeysAreCopied(t *testing.T) {
	if raceEnabled {
		t.Skip("the heap of the race detector differs")
	}
	keysAreCopied[string](t)
	keysAreCopied[named](t)
}

func keysAreCopied[K ~string](t *testing.T) {
	job := Job[int, K, int, int]{
		Map: func(_ context.Context, in int, emit func(K, int)) error {
			large := K(strings.Repeat(fmt.Sprintf("%08d", in), 1<<17)) // 1 MiB
			emit(large[:8], 1)
			return nil
		},
		Reduce: Sum[K, int], Memory: -1,
	}
	results, err := collected(Run(t.Context(), newPool(t, 1), numbers(100), job))
	require.NoError(t, err)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	require.Less(t, m.HeapAlloc, uint64(50<<20))
	require.Len(t, results, 100)
}
