package mapreduce

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A plan is one job of the model test.
type plan struct {
	inputs              [][]Result[string, int]
	workers, partitions int
	memory              int
	combine             bool
}

// planOf makes a plan of bytes.
func planOf(data []byte) plan {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b)
	}
	p := plan{workers: 1 + next()%4, partitions: next() % 6, combine: next()%2 == 1}
	p.memory = []int{-1, 0, 1, 300, 1000, 10_000}[next()%6]
	keys := 1 + next()
	var in []Result[string, int]
	for len(data) > 0 {
		switch b := next(); {
		case b%5 == 0:
			p.inputs, in = append(p.inputs, in), nil
		default:
			key := fmt.Sprintf("%0*d", b%13, next()%keys) // some long, none empty
			if b == 1 {
				key = ""
			}
			in = append(in, Result[string, int]{key, len(data)})
		}
	}
	p.inputs = append(p.inputs, in)
	return p
}

// check compares the results of the plan with those of a map in one goroutine.
func (p plan) check(t *testing.T) {
	pool := newPool(t, p.workers)
	defer pool.Close()
	var last Progress
	disk := newFakeDisk(t)
	job := listing[string, int]()
	job.Memory, job.Partitions = p.memory, p.partitions
	job.Progress = func(p Progress) { last = p }
	want := modelled(p.inputs)
	pairs := 0
	for _, in := range p.inputs {
		pairs += len(in)
	}
	if !p.combine {
		got, err := collected(runOn(t.Context(), pool, slices.Values(p.inputs), job, disk))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, Progress{len(p.inputs), pairs, last.Runs, last.Spilled, len(want)}, last)
		if p.memory == 1 {
			require.GreaterOrEqual(t, last.Runs, pairs)
		}
		disk.requireEmpty(t)
		return
	}
	sums := Job[[]Result[string, int], string, int, int]{
		Map: job.Map, Reduce: Sum[string, int], Combine: add,
		Memory: p.memory, Partitions: p.partitions, Progress: job.Progress,
	}
	var wanted []Result[string, int]
	for _, r := range want {
		sum, _ := Sum(t.Context(), r.Key, slices.Values(r.Value))
		wanted = append(wanted, Result[string, int]{r.Key, sum})
	}
	got, err := collected(runOn(t.Context(), pool, slices.Values(p.inputs), sums, disk))
	require.NoError(t, err)
	require.Equal(t, wanted, got)
	require.Equal(t, Progress{len(p.inputs), pairs, last.Runs, last.Spilled, len(want)}, last)
}

// The results are those of a plain map in one goroutine, and their values in its order,
// whatever the number of workers and partitions and the memory.
func TestModel(t *testing.T) {
	t.Parallel()
	rounds := 1000
	if raceEnabled || testing.Short() {
		rounds = 200
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		data := make([]byte, random.IntN(random.IntN(800)+1))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		planOf(data).check(t)
	}
}

func FuzzModel(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x03\x02\x00\x02the quick brown fox jumps over the lazy dog, and again"))
	f.Add([]byte("\x01\x05\x01\x03the quick brown fox jumps over the lazy dog, and again"))
	f.Fuzz(func(t *testing.T, data []byte) { planOf(data).check(t) })
}

type named string

type everything struct {
	Name   string
	Floats []float32
	Map    map[string]*int
	Empty  struct{}
	Any    any
}

// Keys and values of all kinds come back from files as they were.
func TestTypes(t *testing.T) {
	t.Parallel()
	one, two := 1, 2
	t.Run("string", func(t *testing.T) { types(t, []string{"", "a", "ä", string(make([]byte, 5000))}) })
	t.Run("named", func(t *testing.T) { types(t, []named{"", "a", "b"}) })
	t.Run("int8", func(t *testing.T) { types(t, []int8{-128, 0, 127}) })
	t.Run("int64", func(t *testing.T) { types(t, []int64{math.MinInt64, -1, 0, math.MaxInt64}) })
	t.Run("uint64", func(t *testing.T) { types(t, []uint64{0, 200, math.MaxUint64}) })
	t.Run("float32", func(t *testing.T) { types(t, []float32{-1.5, 0, math.MaxFloat32}) })
	t.Run("float64", func(t *testing.T) { types(t, []float64{math.Inf(-1), -0.1, 0, 1e300, math.Inf(1)}) })
	t.Run("bool", func(t *testing.T) { spilled(t, []int{1}, []bool{true, false}) })
	t.Run("none", func(t *testing.T) { spilled(t, []int{1}, []struct{}{{}, {}}) })
	t.Run("bytes", func(t *testing.T) { spilled(t, []int{1}, [][]byte{[]byte("x"), nil, []byte("yz")}) })
	t.Run("array", func(t *testing.T) { spilled(t, []int{1}, [][2]string{{"a", "b"}, {}}) })
	t.Run("any", func(t *testing.T) { spilled(t, []int{1}, []any{1, "two", nil}) })
	t.Run("pointer", func(t *testing.T) { spilled(t, []int{1}, []*int{&one, nil, &two}) })
	t.Run("struct", func(t *testing.T) {
		spilled(t, []string{"k"}, []everything{
			{Name: "a", Floats: []float32{1, 2}, Map: map[string]*int{"x": &one}, Any: 3}, {}, {Name: "b"}})
	})
}

// types has the values as keys and as values.
func types[T interface {
	~string | ~int8 | ~int64 | ~uint64 | ~float32 | ~float64
}](t *testing.T, all []T) {
	spilled(t, all, all)
}

func spilled[K interface {
	~string | ~int | ~int8 | ~int64 | ~uint64 | ~float32 | ~float64
}, V any](t *testing.T, keys []K, all []V) {
	var inputs [][]Result[K, V]
	for i := range 200 { // so that runs are merged to others, too
		inputs = append(inputs, []Result[K, V]{{keys[i%len(keys)], all[i%len(all)]}, {keys[i%len(keys)], all[0]}})
	}
	for _, memory := range []int{-1, 1} {
		job := listing[K, V]()
		job.Memory = memory
		got, err := collected(runOn(t.Context(), newPool(t, 3), slices.Values(inputs), job, newFakeDisk(t)))
		require.NoError(t, err)
		require.Equal(t, modelled(inputs), got)
	}
}

// All NaN are one key, though none equals another.
func TestNaN(t *testing.T) {
	t.Parallel()
	for _, combine := range []func(a, b int) int{nil, add} {
		for _, memory := range []int{-1, 200, 1} {
			job := Job[int, float64, int, []int]{
				Map: func(_ context.Context, in int, emit func(float64, int)) error {
					emit(math.NaN(), in)
					emit(1, in)
					return nil
				},
				Combine: combine, Memory: memory, Partitions: 7,
				Reduce: func(_ context.Context, _ float64, values iter.Seq[int]) ([]int, error) {
					return slices.Collect(values), nil
				},
			}
			got, err := collected(runOn(t.Context(), newPool(t, 2), numbers(300), job, newFakeDisk(t)))
			require.NoError(t, err)
			require.Len(t, got, 2)
			require.True(t, math.IsNaN(got[0].Key))
			if combine == nil {
				require.Equal(t, slices.Collect(numbers(300)), got[0].Value)
				require.Equal(t, slices.Collect(numbers(300)), got[1].Value)
			} else {
				require.Equal(t, 300*299/2, sum(got[0].Value))
			}
		}
	}
}

func sum(values []int) (n int) {
	for _, v := range values {
		n += v
	}
	return n
}

// A table that was given a later input before an earlier one puts their values in order.
func TestScatteredInputs(t *testing.T) {
	t.Parallel()
	table := newListed(newSizes[string, int](nil))
	for _, p := range []pair[string, int]{{"a", 50, 5}, {"a", 51, 5}, {"b", 52, 5}, {"a", 10, 1}, {"a", 11, 1}, {"c", 12, 1}, {"a", 60, 6}} {
		table.add(p.input, p.key, p.value)
	}
	table.sort(func(string) int { return 0 })
	var got []pair[string, int]
	for c := table.cursor(0); c.next(); {
		got = append(got, c.pair)
	}
	require.Equal(t, []pair[string, int]{{"a", 10, 1}, {"a", 11, 1}, {"a", 50, 5}, {"a", 51, 5}, {"a", 60, 6}, {"b", 52, 5}, {"c", 12, 1}}, got)
	table.reset()
	require.Zero(t, table.taken)
	table.add(0, "x", 1)
	require.False(t, table.scattered)
}
