// Package mapreduce groups what is found in many inputs by key, on the workers of a pool and
// within a limited memory.
//
// # The problem
//
// To count the words of some files is a loop and a map. When there are many files, the loop
// is to use all cores; a map behind a mutex then is what they wait for. When there are many
// words, they do not fit into memory. And when a file cannot be read, one wants to know which,
// and the others are to stop. [Run] does that for any such [Job]: a function Map takes an
// input and emits pairs of a key and a value, and a function Reduce makes a result of a key
// and all its values.
//
// Between them, a Combine function can merge values of a key as soon as they are emitted.
// When the pairs take more than the memory they may, they are written to temporary files, in
// sorted runs, which are merged as the results are read (external sorting; Knuth, volume 3,
// section 5.4). The structure is that of Dean and Ghemawat, "MapReduce", OSDI 2004.
//
// # When not to use it
//
// To apply a function to many values use workerpool.Map. If what there is fits into memory and
// the work for each pair is small, a plain map and a loop are simpler, and faster: a million
// words, fifty thousand of them different, take one goroutine half the time. For several
// machines use what has been made for them: here all is one process, and a run that is
// interrupted starts over.
//
// # Concurrency properties
//
// Map, Combine and Reduce are called by the workers of the pool, for different inputs and
// keys at a time. The sequence of inputs, Progress and the loop over the results run on the
// goroutine of the loop; inputs are taken from the sequence as workers become free. A run
// has no goroutine of its own, keeps no worker waiting, works with one worker, and within a
// task of the same pool.
//
// The results come in the order of their keys. They are the same for any number of workers,
// and any memory, if Combine is associative and commutative; without Combine, the values of
// a key come in the order in which one goroutine would have emitted them.
//
// When the loop is left, in whatever way, no function runs any more, and no file is left.
//
// # Example
//
//	pool := workerpool.New(workerpool.OptimalSize(workerpool.CPUBound))
//	defer pool.Close()
//	results := mapreduce.Run(ctx, pool, slices.Values(files), mapreduce.Job[string, string, int, int]{
//		Map: func(ctx context.Context, file string, emit func(string, int)) error {
//			text, err := os.ReadFile(file)
//			for word := range strings.FieldsSeq(string(text)) {
//				emit(word, 1)
//			}
//			return err
//		},
//		Combine: func(a, b int) int { return a + b },
//		Reduce:  mapreduce.Sum,
//	})
//	for word, err := range results {
//		...
//	}
package mapreduce
