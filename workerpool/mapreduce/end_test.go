package mapreduce

import (
	"context"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

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
