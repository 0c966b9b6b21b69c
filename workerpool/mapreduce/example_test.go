package mapreduce_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/interleave-go/interleave/workerpool"
	"github.com/interleave-go/interleave/workerpool/mapreduce"
)

// The chapter's exercise: how often each word comes.
func ExampleRun() {
	pool := workerpool.New(4)
	defer pool.Close()
	lines := []string{"the quick brown fox", "jumps over the lazy dog", "the end"}
	results := mapreduce.Run(context.Background(), pool, slices.Values(lines), mapreduce.Job[string, string, int, int]{
		Map: func(_ context.Context, line string, emit func(string, int)) error {
			for word := range strings.FieldsSeq(line) {
				emit(word, 1)
			}
			return nil
		},
		Combine: func(a, b int) int { return a + b },
		Reduce:  mapreduce.Sum[string, int],
	})
	for word, err := range results {
		if err != nil {
			fmt.Println(err)
			return
		}
		if word.Value > 1 {
			fmt.Println(word.Key, word.Value)
		}
	}
	// Output: the 3
}

// An index of the lines in which words are. Without Combine, the values of a key come in the
// order of the inputs.
func ExampleJob() {
	pool := workerpool.New(4)
	defer pool.Close()
	type line struct {
		number int
		text   string
	}
	lines := []line{{1, "to be"}, {2, "or not"}, {3, "to be"}}
	results := mapreduce.Run(context.Background(), pool, slices.Values(lines), mapreduce.Job[line, string, int, []int]{
		Map: func(_ context.Context, in line, emit func(string, int)) error {
			for word := range strings.FieldsSeq(in.text) {
				emit(word, in.number)
			}
			return nil
		},
		Reduce: func(_ context.Context, _ string, numbers iter.Seq[int]) ([]int, error) {
			return slices.Collect(numbers), nil
		},
		Memory: 1 << 20, // what takes more goes to files
	})
	for word, err := range results {
		fmt.Println(word.Key, word.Value, err)
	}
	// Output:
	// be [1 3] <nil>
	// not [2] <nil>
	// or [2] <nil>
	// to [1 3] <nil>
}

func ExampleResult() {
	pool := workerpool.New(2)
	defer pool.Close()
	longest := map[byte]string{}
	for r, err := range mapreduce.Run(context.Background(), pool, slices.Values([]string{"go", "gopher", "chan"}),
		mapreduce.Job[string, byte, string, string]{
			Map: func(_ context.Context, in string, emit func(byte, string)) error {
				emit(in[0], in)
				return nil
			},
			Reduce: func(_ context.Context, _ byte, words iter.Seq[string]) (longest string, _ error) {
				for w := range words {
					if len(w) > len(longest) {
						longest = w
					}
				}
				return longest, nil
			},
		}) {
		if err == nil {
			longest[r.Key] = r.Value
		}
	}
	fmt.Println(longest['c'], longest['g'])
	// Output: chan gopher
}

func ExampleProgress() {
	pool := workerpool.New(2)
	defer pool.Close()
	var last mapreduce.Progress
	for range mapreduce.Run(context.Background(), pool, slices.Values([]int{1, 2, 3}), mapreduce.Job[int, int, int, int]{
		Map:      func(_ context.Context, in int, emit func(int, int)) error { emit(in%2, in); return nil },
		Reduce:   mapreduce.Sum[int, int],
		Progress: func(p mapreduce.Progress) { last = p },
	}) {
	}
	fmt.Println(last)
	// Output: mapreduce: 3 inputs, 3 pairs, 0 runs of 0 bytes, 2 results
}

// An error says which input it is about, and what is wrong with it.
func ExampleInputError() {
	pool := workerpool.New(2)
	defer pool.Close()
	for _, err := range mapreduce.Run(context.Background(), pool, slices.Values([]string{"a.txt", "b.txt"}), mapreduce.Job[string, string, int, int]{
		Map: func(_ context.Context, file string, _ func(string, int)) error {
			if file == "b.txt" {
				return errors.New("no such file")
			}
			return nil
		},
		Reduce: mapreduce.Sum[string, int],
		Name:   func(file string) string { return file },
	}) {
		var input *mapreduce.InputError
		fmt.Println(errors.As(err, &input), err)
	}
	// Output: true mapreduce: input 1, b.txt: no such file
}

func ExampleKeyError() {
	pool := workerpool.New(2)
	defer pool.Close()
	for _, err := range mapreduce.Run(context.Background(), pool, slices.Values([]string{"x"}), mapreduce.Job[string, string, int, int]{
		Map:    func(_ context.Context, in string, emit func(string, int)) error { emit(in, 1); return nil },
		Reduce: func(context.Context, string, iter.Seq[int]) (int, error) { panic("oh") },
	}) {
		var panicked *mapreduce.PanicError
		fmt.Println(errors.As(err, &panicked), strings.Split(err.Error(), "\n")[0])
	}
	// Output: true mapreduce: key "x": panic: oh
}
