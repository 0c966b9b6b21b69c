package mapreduce

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool"
)

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

// The sequence can end because of the context, when nothing is left that could fail because of it.
func TestContextThatTheSequenceHeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := workerpool.New(1)
		defer p.Close()
		inputs := func(yield func(int) bool) {
			yield(0)
			synctest.Wait()
			cancel()
		}
		mapped := 0
		job := modulo(1)
		job.Progress = func(p Progress) { mapped = p.Inputs }
		got, err := collected(Run(ctx, p, inputs, job))
		require.Equal(t, context.Canceled, err)
		require.Empty(t, got)
		require.Equal(t, 1, mapped)
	})
}
