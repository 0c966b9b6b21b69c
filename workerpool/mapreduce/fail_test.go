package mapreduce

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
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
