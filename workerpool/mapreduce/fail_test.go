package mapreduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool"
)

var errTest = errors.New("test")

// The failure of an input is reported with its number and name, and the rest is cancelled.
func TestInputErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail  func()
		check func(t *testing.T, err error)
	}{
		"error":  {func() {}, func(t *testing.T, err error) { require.ErrorIs(t, err, errTest) }},
		"panic":  {func() { panic("oh") }, requirePanic},
		"goexit": {runtime.Goexit, func(t *testing.T, err error) { require.ErrorIs(t, err, workerpool.ErrGoexit) }},
	} {
		t.Run(name, func(t *testing.T) {
			var running atomic.Int64
			job := modulo(10)
			job.Memory, job.TempDir = 1, emptyDir(t)
			job.Name = func(in int) string { return fmt.Sprint("file", in) }
			job.Map = func(ctx context.Context, in int, emit func(int, int)) error {
				running.Add(1)
				defer running.Add(-1)
				emit(in, 1)
				switch {
				case in == 30:
					c.fail()
					return errTest
				case in > 30:
					<-ctx.Done() // which ends since 30 fails
					return ctx.Err()
				}
				return nil
			}
			endless := func(yield func(int) bool) {
				for i := 0; yield(i); i++ {
				}
			}
			results, err := collected(Run(t.Context(), newPool(t, 3), endless, job))
			require.Empty(t, results)
			require.Zero(t, running.Load())
			var in *InputError
			require.ErrorAs(t, err, &in)
			require.Equal(t, 30, in.Index)
			require.Equal(t, "file30", in.Name)
			require.True(t, strings.HasPrefix(err.Error(), "mapreduce: input 30, file30: "), err.Error())
			c.check(t, err)
		})
	}
	require.EqualError(t, &InputError{Index: 3, Err: errTest}, "mapreduce: input 3: test")
	require.EqualError(t, &KeyError{Key: "a b", Err: errTest}, `mapreduce: key "a b": test`)
}

func requirePanic(t *testing.T, err error) {
	var p *PanicError
	require.ErrorAs(t, err, &p)
	require.Equal(t, "oh", p.Value)
	require.Contains(t, string(p.Stack), "fail_test.go")
}

// So is that of Reduce, and of Combine when files are merged, with the key.
func TestKeyErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail  func()
		check func(t *testing.T, err error)
	}{
		"error":  {func() {}, func(t *testing.T, err error) { require.ErrorIs(t, err, errTest) }},
		"panic":  {func() { panic("oh") }, requirePanic},
		"goexit": {runtime.Goexit, func(t *testing.T, err error) { require.ErrorIs(t, err, workerpool.ErrGoexit) }},
	} {
		check := func(t *testing.T, job Job[int, int, int, int]) {
			results, err := collected(runOn(t.Context(), newPool(t, 2), numbers(5000), job, newFakeDisk(t)))
			var k *KeyError
			require.ErrorAs(t, err, &k)
			require.Equal(t, 700, k.Key)
			require.True(t, strings.HasPrefix(err.Error(), "mapreduce: key 700: "), err.Error())
			c.check(t, err)
			for i, r := range results { // those before it, at most
				require.Equal(t, Result[int, int]{i, 5}, r)
			}
			require.Less(t, len(results), 700)
		}
		t.Run("reduce/"+name, func(t *testing.T) {
			job := modulo(1000)
			job.Reduce = func(ctx context.Context, key int, values iter.Seq[int]) (int, error) {
				if key == 700 {
					c.fail()
					return 0, errTest
				}
				return Sum(ctx, key, values)
			}
			check(t, job)
		})
		t.Run("first/"+name, func(t *testing.T) {
			job := modulo(10)
			job.Reduce = func(context.Context, int, iter.Seq[int]) (int, error) { c.fail(); return 0, errTest }
			results, err := collected(Run(t.Context(), newPool(t, 2), numbers(50), job))
			require.Empty(t, results)
			c.check(t, err)
		})
		if name == "error" {
			continue // Combine has none
		}
		t.Run("combine/"+name, func(t *testing.T) {
			job := modulo(1000)
			job.Memory = 1
			job.Map = func(_ context.Context, in int, emit func(int, int)) error { emit(in/5, in/5); return nil }
			job.Combine = func(a, b int) int {
				if a == 700 {
					c.fail()
				}
				return a
			}
			check(t, job)
		})
	}
}

// A run whose context ends fails with its error, whatever the functions return.
func TestContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pulled := func(func(int) bool) { t.Error("inputs taken") }
	_, err := collected(Run(ctx, newPool(t, 1), pulled, modulo(1)))
	require.Equal(t, context.Canceled, err)

	ctx, cancel = context.WithCancel(t.Context())
	job := modulo(10)
	job.Map = func(ctx context.Context, in int, emit func(int, int)) error {
		if in == 10 {
			cancel()
		}
		if in >= 10 {
			<-ctx.Done()
			return errTest
		}
		return nil
	}
	_, err = collected(Run(ctx, newPool(t, 2), numbers(100), job))
	require.Equal(t, context.Canceled, err)

	// Between inputs, of which no one is cancelled.
	ctx, cancel = context.WithCancel(t.Context())
	job = modulo(10)
	n := 0
	endless := func(yield func(int) bool) {
		for ; yield(n); n++ {
			if n == 100 {
				cancel()
			}
		}
	}
	_, err = collected(Run(ctx, newPool(t, 2), endless, job))
	require.Equal(t, context.Canceled, err)
	require.LessOrEqual(t, n, 101)

	// Between results.
	ctx, cancel = context.WithCancel(t.Context())
	job = modulo(1000)
	n = 0
	for r, e := range Run(ctx, newPool(t, 2), numbers(5000), job) {
		if n++; n == 300 {
			cancel()
		}
		err = e
		require.True(t, n <= 300 || r == Result[int, int]{}, n)
	}
	require.Equal(t, context.Canceled, err)
	require.Equal(t, 301, n)

	// While Reduce reads values without end: they end.
	ctx, cancel = context.WithCancel(t.Context())
	job = modulo(1)
	job.Reduce = func(_ context.Context, _ int, values iter.Seq[int]) (n int, _ error) {
		for range values {
			if n++; n == 10 {
				cancel()
			}
		}
		return n, nil
	}
	got, err := collected(Run(ctx, newPool(t, 2), numbers(20_000), job))
	require.Equal(t, context.Canceled, err)
	require.Empty(t, got)
}

// A run on a pool that is closed fails with ErrClosed.
func TestPoolErrors(t *testing.T) {
	t.Parallel()
	p := newPool(t, 1)
	p.Close()
	_, err := collected(Run(t.Context(), p, numbers(10), modulo(2)))
	require.Equal(t, workerpool.ErrClosed, err)

	p = newPool(t, 2)
	job := modulo(2)
	closed := make(chan struct{})
	job.Map = func(ctx context.Context, in int, _ func(int, int)) error {
		if in == 5 {
			go func() { p.Close(); close(closed) }()
		}
		if in >= 5 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	_, err = collected(Run(t.Context(), p, numbers(10), job))
	require.Equal(t, workerpool.ErrClosed, err)
	<-closed

	p = newPool(t, 2)
	for _, e := range Run(t.Context(), p, numbers(10_000), modulo(5000)) {
		p.Close()
		err = e
	}
	require.Equal(t, workerpool.ErrClosed, err)

	for _, keys := range []int{10, 5000} { // between the inputs and their results, and between these
		p = newPool(t, 2)
		job := modulo(keys)
		job.Progress = func(now Progress) {
			if now.Inputs == 10_000 && (keys == 10 || now.Results > 0) {
				require.NoError(t, p.Shutdown(t.Context()))
			}
		}
		_, err = collected(Run(t.Context(), p, numbers(10_000), job))
		require.Equal(t, workerpool.ErrClosed, err)
	}

	// A full queue is waited for.
	for range 20 {
		p = newPool(t, 1, workerpool.Queue(0), workerpool.WhenFull(workerpool.Reject))
		release := make(chan struct{})
		n := 0
		for r, err := range Run(t.Context(), p, numbers(3000), modulo(1500)) {
			require.NoError(t, err)
			require.Equal(t, Result[int, int]{n, 2}, r)
			switch n++; n {
			case 300:
				err := error(workerpool.ErrFull)
				for err != nil { // until the batches that were submitted have been made
					err = p.Go(t.Context(), func(context.Context) error { <-release; return nil })
				}
			case 400:
				close(release)
			}
		}
		require.Equal(t, 1500, n)
	}

	p = newPool(t, 1, workerpool.Queue(0), workerpool.WhenFull(workerpool.CallerRuns))
	got, err := collected(Run(t.Context(), p, numbers(1000), modulo(2)))
	require.NoError(t, err)
	require.Equal(t, []Result[int, int]{{0, 500}, {1, 500}}, got)
}

// Whatever fails with a file is reported, and leaves no file and no open one.
func TestDiskErrors(t *testing.T) {
	t.Parallel()
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for _, op := range []string{"makeDir", "create", "write", "close", "open", "read", "remove", "removeAll"} {
		for _, after := range []int64{0, 1, 70} {
			for _, combine := range []func(a, b int) int{nil, add} {
				var n atomic.Int64
				failed := false
				d := newFakeDisk(t)
				d.fail = func(o string) error {
					if o == op && n.Add(1) > after {
						failed = true
						return full
					}
					return nil
				}
				job := modulo(100)
				job.Memory, job.Combine = 1, combine
				_, err := collected(runOn(t.Context(), newPool(t, 2), numbers(200), job, d))
				if failed {
					require.ErrorIs(t, err, syscall.ENOSPC, op)
					require.ErrorContains(t, err, "mapreduce: temporary file: ")
				} else {
					require.NoError(t, err, op)
					require.True(t, after > 0, op)
				}
			}
		}
	}
}

// After a failure of a file, what Map emits is dropped, and its context has ended. So it has while
// files are merged.
func TestDiskErrorEndsTheRest(t *testing.T) {
	t.Parallel()
	d := newFakeDisk(t)
	d.fail = func(string) error { return errTest }
	job := modulo(100)
	job.Memory = 1
	job.Map = func(ctx context.Context, in int, emit func(int, int)) error {
		emit(1, 1)
		emit(2, 2)
		<-ctx.Done()
		return nil
	}
	_, err := collected(runOn(t.Context(), newPool(t, 2), numbers(2), job, d))
	require.ErrorIs(t, err, errTest)

	ctx, cancel := context.WithCancel(t.Context())
	d = newFakeDisk(t)
	d.fail = func(op string) error {
		if op == "open" {
			cancel()
		}
		return nil
	}
	job = modulo(100)
	job.Memory = 1
	_, err = collected(runOn(ctx, newPool(t, 2), numbers(200), job, d))
	require.Equal(t, context.Canceled, err)

	d = newFakeDisk(t)
	d.fail = func(op string) error {
		if op == "open" {
			return errTest
		}
		return nil
	}
	_, err = collected(runOn(t.Context(), newPool(t, 2), numbers(20), job, d)) // too few to be merged before
	require.ErrorIs(t, err, errTest)
}

// A directory that is not there is an error that names it.
func TestTempDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "missing")
	job := modulo(10)
	job.Memory, job.TempDir = 1, dir
	_, err := collected(Run(t.Context(), newPool(t, 2), numbers(100), job))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, dir)

	file := filepath.Join(t.TempDir(), "file") // nobody can write to it, not even root
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	job.TempDir = file
	_, err = collected(Run(t.Context(), newPool(t, 2), numbers(100), job))
	require.ErrorIs(t, err, syscall.ENOTDIR)
}

// A file that is cut short or overwritten is an error, not fewer results or a panic.
func TestCorruptFiles(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, dir string) (*run[[]Result[string, string], string, string, []string], *sorted) {
		job := listing[string, string]()
		job.TempDir, job.Partitions = dir, 1
		r := newRun(t.Context(), newPool(t, 1), job, osDisk{})
		table := newListed(newSizes[string, string](nil))
		for i := range 20 {
			table.add(i, fmt.Sprint("key", i/2), strings.Repeat("v", i*i))
		}
		require.NoError(t, r.spill(table))
		return r, r.runs[0]
	}
	read := func(r *run[[]Result[string, string], string, string, []string], s *sorted) (n int, err error) {
		files, err := r.openAll([]*sorted{s})
		if err != nil {
			return 0, err
		}
		defer files[0].Close()
		m := newMerger(r.cursors(files, []*sorted{s}, 0))
		for m.current() != nil {
			n++
			m.next()
		}
		return n, m.err
	}
	r, s := write(t, emptyDir(t))
	defer r.end()
	data, err := os.ReadFile(s.path)
	require.NoError(t, err)
	n, err := read(r, s)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	for size := 0; size < len(data); size += 1 + size/50 {
		require.NoError(t, os.WriteFile(s.path, data[:size], 0o600))
		_, err = read(r, s)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, size)
	}
	for at := 0; at < len(data); at += 1 + at/50 {
		bad := slices.Clone(data)
		bad[at] = 0xff
		require.NoError(t, os.WriteFile(s.path, bad, 0o600))
		_, _ = read(r, s) // may be an error, must not be a panic
	}
	huge := slices.Clone(data)
	copy(huge[1:], "\xff\xff\xff\xff\xff\xff\x7f")
	require.NoError(t, os.WriteFile(s.path, huge, 0o600))
	_, err = read(r, s)
	require.ErrorIs(t, err, errCorrupt)
}

// However a run ends, nothing runs any more, and no file is left.
func TestEnds(t *testing.T) {
	t.Parallel()
	rounds := 400
	if raceEnabled {
		rounds = 100
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range rounds {
		pool := newPool(t, 1+random.IntN(3))
		disk := newFakeDisk(t)
		var running atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		steps := atomic.Int64{}
		end := int64(1 + random.IntN(900))
		step := func() {
			if steps.Add(1) == end {
				cancel()
			}
		}
		job := modulo(50)
		job.Memory = random.IntN(3000)
		job.Map = func(_ context.Context, in int, emit func(int, int)) error {
			running.Add(1)
			defer running.Add(-1)
			emit(in%50, 1)
			step()
			return nil
		}
		if random.IntN(2) == 0 {
			job.Combine = func(a, b int) int {
				running.Add(1)
				defer running.Add(-1)
				step()
				return a + b
			}
		}
		job.Reduce = func(_ context.Context, _ int, values iter.Seq[int]) (n int, _ error) {
			running.Add(1)
			defer running.Add(-1)
			for v := range values {
				step()
				n += v
			}
			return n, nil
		}
		how, at, n := random.IntN(4), random.IntN(60), 0
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			for _, e := range runOn(ctx, pool, numbers(400), job, disk) {
				err = e
				if n++; n-1 != at {
					continue
				}
				switch how {
				case 0:
					return
				case 1:
					panic("oh")
				case 2:
					runtime.Goexit()
				}
			}
		}()
		<-done
		require.Zero(t, running.Load())
		disk.requireEmpty(t)
		if err != nil {
			require.Equal(t, context.Canceled, err)
		}
		cancel()
		pool.Close()
	}
}

// A panic of the inputs or of Progress goes up the goroutine of the loop.
func TestPanicOfTheLoop(t *testing.T) {
	t.Parallel()
	job := modulo(10)
	job.Memory, job.TempDir = 1, emptyDir(t)
	inputs := func(yield func(int) bool) {
		for i := range 20 {
			yield(i)
		}
		panic("oh")
	}
	require.PanicsWithValue(t, "oh", func() { _, _ = collected(Run(t.Context(), newPool(t, 2), inputs, job)) })
	job.Progress = func(Progress) { panic("ah") }
	require.PanicsWithValue(t, "ah", func() { _, _ = collected(Run(t.Context(), newPool(t, 2), numbers(20), job)) })
}
