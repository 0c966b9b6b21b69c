package mapreduce

import (
	"cmp"
	"context"
	"fmt"
	"iter"
)

// A Job says what [Run] is to do with inputs of type I: find pairs of a key K and a value V,
// and make a result R of all values of a key. Map and Reduce are required; for all other
// fields the zero value will do.
//
// What does not fit into memory is written to files, values by encoding/gob unless they are
// numbers, strings or booleans. So V must be made of what gob keeps: structs need exported
// fields only, or the methods of gob.GobEncoder or encoding.BinaryMarshaler; what an
// interface may hold must be registered; pointers are not shared afterwards, and an empty
// slice can become nil. If Memory is negative, V can be anything.
type Job[I any, K cmp.Ordered, V, R any] struct {
	// Map calls emit with the pairs of an input. It is not to call emit from several goroutines
	// at a time, or after it has returned. Keys can be parts of large strings: they are copied.
	// Its context ends when the run fails or is left; then emit does nothing.
	Map func(ctx context.Context, in I, emit func(key K, value V)) error

	// Combine merges two values of a key: the fewer remain, the less is kept and written. It can
	// change and return either of them. It is called any number of times, and on values that
	// it returned. nil: values are kept as they are.
	Combine func(a, b V) V

	// Reduce returns the result for a key. The values can be read once, and until Reduce
	// returns; it need not read them all. With Combine, they may still be more than one.
	Reduce func(ctx context.Context, key K, values iter.Seq[V]) (R, error)

	// Name names an input in errors. nil: errors give its number only.
	Name func(in I) string

	// Progress is called with how far the run is, whenever an input has been dealt with, files
	// were merged, or some more results are there. It runs on the goroutine of the loop. nil: it is
	// not called.
	Progress func(Progress)

	// Memory is how many bytes pairs may take in memory, all workers together. What takes more
	// is written to files. 0: 64 MiB. Negative: any amount; no file is written.
	//
	// It is what is kept at a time, and does not count garbage, inputs, results, or the
	// buffers of files, which are at most a few megabytes.
	Memory int

	// Size returns how many bytes a key and a value take. nil: it is found out by reflection, which
	// is fast for numbers, strings, and slices of numbers.
	Size func(key K, value V) int

	// TempDir is where a directory for the files is made, if there is need. "": that of os.TempDir.
	TempDir string

	// Partitions is how many workers can call Reduce at a time. 0: as many as the pool can have.
	Partitions int
}

// A Result is what Reduce returned for a key.
type Result[K, R any] struct {
	Key   K
	Value R
}

// Progress says how far a run is.
type Progress struct {
	Inputs  int   // for which Map has returned
	Pairs   int   // that those have emitted
	Runs    int   // files written, those included that were merged from others
	Spilled int64 // bytes written to files
	Results int   // given to the loop
}

// String returns the progress as one line.
func (p Progress) String() string {
	return fmt.Sprintf("mapreduce: %d inputs, %d pairs, %d runs of %d bytes, %d results",
		p.Inputs, p.Pairs, p.Runs, p.Spilled, p.Results)
}

const defaultMemory = 64 << 20

// check panics if the job cannot be run.
func (j *Job[I, K, V, R]) check() {
	switch {
	case j.Map == nil:
		panic("mapreduce: Run without Map")
	case j.Reduce == nil:
		panic("mapreduce: Run without Reduce")
	case j.Partitions < 0:
		panic(fmt.Sprintf("mapreduce: Run with %d partitions", j.Partitions))
	case j.Memory >= 0:
		checkType[V]()
	}
}

// Number is what [Sum] can add.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Sum is a Reduce function that adds the values.
func Sum[K any, V Number](_ context.Context, _ K, values iter.Seq[V]) (V, error) {
	var sum V
	for v := range values {
		sum += v
	}
	return sum, nil
}
