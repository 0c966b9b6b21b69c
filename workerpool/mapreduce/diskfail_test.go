package mapreduce

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool"
)

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

// What cannot be written or read between two pairs of a file is an error, and not its end.
func TestDiskErrorWithinAFile(t *testing.T) {
	t.Parallel()
	const large = writeBuffer / 2 // which few of fit into a buffer
	run := func(memory, inputs int, fail func(op string) error) (reduced int) {
		job := Job[int, int, string, int]{
			Map: func(_ context.Context, in int, emit func(int, string)) error {
				for key := range 4 {
					emit(key, strings.Repeat("x", large))
				}
				return nil
			},
			Reduce: func(_ context.Context, _ int, values iter.Seq[string]) (int, error) {
				reduced++
				if n := len(slices.Collect(values)); n < inputs {
					return n, errors.New("not the reason")
				}
				return inputs, nil
			},
			Memory: memory, Partitions: 1,
		}
		d := newFakeDisk(t)
		d.fail = fail
		got, err := collected(runOn(t.Context(), newPool(t, 1), numbers(inputs), job, d))
		require.ErrorIs(t, err, errTest)
		require.ErrorContains(t, err, "mapreduce: temporary file: ")
		require.Empty(t, got)
		return reduced
	}
	merging := false
	require.Zero(t, run(1, fanIn/4+1, func(op string) error {
		merging = merging || op == "open"
		if merging && op == "write" {
			return errTest
		}
		return nil
	}))
	reads := 0
	require.Positive(t, run(5*large, 10, func(op string) error {
		if op == "read" {
			reads++
		}
		if reads > 30 {
			return errTest
		}
		return nil
	}))
	require.Equal(t, 31, reads, "it is not tried again")
}

// A run can end when all has been collected, and no result is being made.
func TestEndBeforeTheFirstResult(t *testing.T) {
	t.Parallel()
	for _, closes := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		p := newPool(t, 2)
		d := newFakeDisk(t)
		d.fail = func(op string) error {
			switch {
			case op != "open":
			case closes:
				p.Close()
			default:
				cancel()
			}
			return nil
		}
		job := modulo(10)
		job.Memory = 1
		job.Reduce = func(context.Context, int, iter.Seq[int]) (int, error) { panic("no result is wanted") }
		got, err := collected(runOn(ctx, p, numbers(20), job, d))
		require.Empty(t, got)
		if closes {
			require.Equal(t, workerpool.ErrClosed, err)
		} else {
			require.Equal(t, context.Canceled, err)
		}
		cancel()
	}
}
