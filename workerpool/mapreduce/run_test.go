package mapreduce

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool"
)

// One worker will do, also within a task of its pool, and within one of those.
func TestNested(t *testing.T) {
	t.Parallel()
	p := newPool(t, 1)
	var nest func(ctx context.Context, depth int) ([]Result[int, int], error)
	nest = func(ctx context.Context, depth int) ([]Result[int, int], error) {
		job := modulo(7)
		job.Memory, job.TempDir = 1, emptyDir(t)
		of := job.Map
		job.Map = func(ctx context.Context, in int, emit func(int, int)) error {
			if in == 5 && depth > 0 {
				if _, err := nest(ctx, depth-1); err != nil {
					return err
				}
			}
			return of(ctx, in, emit)
		}
		return collected(Run(ctx, p, numbers(70), job))
	}
	f, err := workerpool.Submit(t.Context(), p, func(ctx context.Context) ([]Result[int, int], error) { return nest(ctx, 3) })
	require.NoError(t, err)
	got, err := f.Wait(t.Context())
	require.NoError(t, err)
	for i := range 7 {
		require.Equal(t, Result[int, int]{i, 10}, got[i])
	}
}

// Inputs are taken as workers become free: at most two for each of them.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	const workers = 3
	var taken, dealt, most atomic.Int64
	inputs := func(yield func(int) bool) {
		for i := range 1000 {
			if n := taken.Add(1) - dealt.Load(); n > most.Load() {
				most.Store(n)
			}
			if !yield(i) {
				return
			}
		}
	}
	job := modulo(7)
	of := job.Map
	job.Map = func(ctx context.Context, in int, emit func(int, int)) error {
		defer dealt.Add(1)
		return of(ctx, in, emit)
	}
	_, err := collected(Run(t.Context(), newPool(t, workers), inputs, job))
	require.NoError(t, err)
	require.LessOrEqual(t, most.Load(), int64(2*workers+1))
}

// Inputs and keys are dealt with by all workers at a time, in time that is exact: four
// inputs of a second each, and four partitions whose keys take a second.
func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(4)
		defer p.Close()
		job := modulo(1)
		job.Map = func(_ context.Context, in int, emit func(int, int)) error {
			time.Sleep(time.Second)
			for i := range 4 {
				emit(i, 1)
			}
			return nil
		}
		start := time.Now()
		var mapped time.Duration
		job.Progress = func(p Progress) {
			if p.Inputs == 4 && mapped == 0 {
				mapped = time.Since(start)
			}
		}
		running, most := atomic.Int64{}, atomic.Int64{}
		job.Partitions = 16
		job.Reduce = func(ctx context.Context, k int, values iter.Seq[int]) (int, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(time.Second)
			return Sum(ctx, k, values)
		}
		got, err := collected(Run(t.Context(), p, numbers(4), job))
		require.NoError(t, err)
		require.Equal(t, []Result[int, int]{{0, 4}, {1, 4}, {2, 4}, {3, 4}}, got)
		require.Equal(t, time.Second, mapped)
		// The keys share partitions by chance.
		require.LessOrEqual(t, time.Since(start), 5*time.Second)
		require.LessOrEqual(t, most.Load(), int64(4))
	})
}

// What is made in one bubble serves no other, and an iterator can be read again.
func TestTwoBubbles(t *testing.T) {
	p := workerpool.New(2)
	seq := Run(context.Background(), p, numbers(100), modulo(5))
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			got, err := collected(seq)
			require.NoError(t, err)
			require.Len(t, got, 5)
			time.Sleep(time.Minute) // until the workers have ended
		})
	}
}

// Progress is called by the goroutine of the loop only, and only goes up.
func TestProgress(t *testing.T) {
	t.Parallel()
	var last Progress
	inside := false
	calls := 0
	job := modulo(2000)
	job.Memory, job.TempDir = 50_000, emptyDir(t)
	job.Progress = func(p Progress) {
		require.False(t, inside)
		inside = true
		defer func() { inside = false }()
		require.True(t, p.Inputs >= last.Inputs && p.Pairs >= last.Pairs && p.Runs >= last.Runs &&
			p.Spilled >= last.Spilled && p.Results >= last.Results)
		last = p
		calls++
	}
	_, err := collected(Run(t.Context(), newPool(t, 3), numbers(5000), job))
	require.NoError(t, err)
	require.Equal(t, 5000, last.Inputs)
	require.Equal(t, 5000, last.Pairs)
	require.Equal(t, 2000, last.Results)
	require.GreaterOrEqual(t, calls, 5000+2000/batch)
}

// Values that Reduce does not read are passed over.
func TestReduceReadsInPart(t *testing.T) {
	t.Parallel()
	job := modulo(3)
	job.Map = func(_ context.Context, in int, emit func(int, int)) error { emit(in%3, in); return nil }
	job.Reduce = func(_ context.Context, key int, values iter.Seq[int]) (n int, _ error) {
		for v := range values {
			if n += v; key > 0 {
				break
			}
		}
		for v := range values { // goes on where the loop before has ended
			return n + 1000*v, nil
		}
		return n, nil
	}
	got, err := collected(Run(t.Context(), newPool(t, 2), numbers(30), job))
	require.NoError(t, err)
	require.Equal(t, []Result[int, int]{{0, 135}, {1, 4001}, {2, 5002}}, got)
}

// Mistakes are told at once.
func TestMisuse(t *testing.T) {
	t.Parallel()
	p := newPool(t, 1)
	use := func(change func(*Job[int, int, int, int])) func() {
		return func() {
			job := modulo(3)
			change(&job)
			Run(t.Context(), p, numbers(1), job)
		}
	}
	require.PanicsWithValue(t, "mapreduce: Run without Map", use(func(j *Job[int, int, int, int]) { j.Map = nil }))
	require.PanicsWithValue(t, "mapreduce: Run without Reduce", use(func(j *Job[int, int, int, int]) { j.Reduce = nil }))
	require.PanicsWithValue(t, "mapreduce: Run with -1 partitions", use(func(j *Job[int, int, int, int]) { j.Partitions = -1 }))

	refused(t, func() {}, "of func()")
	refused(t, map[int][]chan int{}, "of chan int")
	refused(t, map[[1]struct{ x int }]int{}, "of field x of struct { x int }")
	refused(t, &struct {
		A int
		B []struct{ c int }
	}{}, "of field c of struct { c int }")
	kept := []func(){
		func() { checkType[time.Time]() }, func() { checkType[*struct{ T map[string]time.Time }]() },
		func() { checkType[struct{ _ struct{} }]() }, func() { checkType[any]() }, func() { checkType[tree]() },
	}
	for _, check := range kept {
		check()
	}
	// In memory, anything can be kept.
	job := listing[int, func() int]()
	job.Memory = -1
	got, err := collected(Run(t.Context(), p, slices.Values([][]Result[int, func() int]{{{1, func() int { return 5 }}}}), job))
	require.NoError(t, err)
	require.Equal(t, 5, got[0].Value[0]())

	// A value that gob cannot encode, which its type did not say.
	all := listing[int, any]()
	all.Memory, all.TempDir = 1, emptyDir(t)
	_, err = collected(Run(t.Context(), p, slices.Values([][]Result[int, any]{{{1, func() {}}}}), all))
	require.ErrorContains(t, err, "gob")
}

type tree struct{ Left, Right *tree }

func refused[V any](t *testing.T, _ V, what string) {
	t.Helper()
	job := listing[int, V]()
	defer func() { require.Contains(t, fmt.Sprint(recover()), what) }()
	Run(t.Context(), nil, slices.Values([][]Result[int, V]{}), job)
}

// The functions that a job calls are of no use after that.
func TestLateCalls(t *testing.T) {
	t.Parallel()
	var emit func(int, int)
	var values iter.Seq[int]
	job := modulo(3)
	job.Map = func(_ context.Context, _ int, e func(int, int)) error { emit = e; e(1, 1); return nil }
	job.Reduce = func(_ context.Context, _ int, v iter.Seq[int]) (int, error) { values = v; return 0, nil }
	_, err := collected(Run(t.Context(), newPool(t, 1), numbers(1), job))
	require.NoError(t, err)
	require.PanicsWithValue(t, "mapreduce: emit after Map returned", func() { emit(1, 1) })
	require.PanicsWithValue(t, "mapreduce: values of key 1 read after Reduce returned", func() { _ = slices.Collect(values) })
}

// A heap is in order after any changes.
func TestHeap(t *testing.T) {
	t.Parallel()
	h := heap[int]{before: cmp.Less[int]}
	for i := range 100 {
		h.push(i * 37 % 100)
	}
	h.items[0] = 150
	h.fix()
	for i := 1; i < 100; i++ {
		require.Equal(t, i, h.items[0])
		h.pop()
	}
	require.Equal(t, []int{150}, h.items)
}
