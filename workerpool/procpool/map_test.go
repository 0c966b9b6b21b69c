//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

// numbers yields 0..n-1 and notes how far it was read.
func numbers(n int, read *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			*read = i + 1
			if !yield(i) {
				return
			}
		}
	}
}

func TestMapIsOrderedAndBounded(t *testing.T) {
	for _, chunk := range []int{1, 3, 64, 5000} {
		p := newPool(t, 2)
		read, next := 0, 0
		for rep, err := range procpool.Map(t.Context(), p, double, numbers(300, &read), procpool.Chunk(chunk)) {
			require.NoError(t, err)
			require.Equal(t, 2*next, rep)
			next++
			require.LessOrEqual(t, read-next, 4*min(chunk, 1024), "two chunks for each worker")
		}
		require.Equal(t, 300, next)
		require.Equal(t, int64(300), p.Stats().Done)
		p.Close()
	}
}

// A crash fails the one request it concerns, wherever that is in its chunk.
func TestMapGoesOnAfterACrash(t *testing.T) {
	p := newPool(t, 2)
	reqs := []int{-1, 1, 2, -1, -1, 5, 6, 7, 8, -1}
	i := 0
	for rep, err := range procpool.Map(t.Context(), p, mayExit, slices.Values(reqs), procpool.Chunk(5)) {
		if reqs[i] < 0 {
			var e *procpool.CrashError
			require.ErrorAs(t, err, &e)
			require.Equal(t, 3, e.ExitCode)
		} else {
			require.NoError(t, err)
			require.Equal(t, reqs[i], rep)
		}
		i++
	}
	require.Len(t, reqs, i)
	st := p.Stats()
	require.Equal(t, int64(6), st.Done)
	require.Equal(t, int64(4), st.Failed)
}

// A request in the middle of a chunk that cannot be sent.
func TestMapOfWhatCannotBeEncoded(t *testing.T) {
	p := newPool(t, 1)
	var texts []string
	reqs := []value{{"a"}, {"not encodable"}, {"b"}, {"not decodable"}, {"c"}}
	for rep, err := range procpool.Map(t.Context(), p, picky, slices.Values(reqs), procpool.Chunk(5)) {
		if err != nil {
			rep.Text = "!"
		}
		texts = append(texts, rep.Text)
	}
	require.Equal(t, []string{"a", "!", "b", "!", "c"}, texts)
	require.Equal(t, int64(1), p.Stats().Started)
}

func TestMapWithMaxTasks(t *testing.T) {
	p := newPool(t, 1, procpool.MaxTasks(3))
	read := 0
	for _, err := range procpool.Map(t.Context(), p, double, numbers(8, &read), procpool.Chunk(8)) {
		require.NoError(t, err)
	}
	require.Equal(t, int64(3), p.Stats().Started)
}

// After the loop nothing of it runs, and its deaf tasks are dead.
func TestBrokenLoopStopsEverything(t *testing.T) {
	p := newPool(t, 2, procpool.Grace(soon))
	read := 0
	reqs := func(yield func(int) bool) {
		for n := range numbers(100, &read) {
			if !yield(n) {
				return
			}
		}
	}
	for _, err := range procpool.Map(t.Context(), p, firstThenDeaf, reqs) {
		require.NoError(t, err)
		break
	}
	st := p.Stats()
	require.Zero(t, st.Running)
	require.Zero(t, st.Waiting)
	require.Equal(t, int64(1), st.Done)
	require.LessOrEqual(t, read, 5)
	require.Panics(t, func() {
		for range procpool.Map(t.Context(), p, firstThenDeaf, reqs) {
			panic("in the loop")
		}
	})
	require.Zero(t, p.Stats().Running)
	require.NoError(t, p.Shutdown(t.Context()))
	noChildren(t)
}

func TestMapEndsWithItsContext(t *testing.T) {
	p := newPool(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, yielded := 0, 0
	var last error
	for _, err := range procpool.Map(ctx, p, double, numbers(1000, &read), procpool.Chunk(4)) {
		if yielded++; yielded == 10 {
			cancel()
		}
		last = err
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Equal(t, read, yielded, "what has been read has an outcome")
	require.Less(t, read, 40)
	n := 0
	for _, err := range procpool.Map(ctx, p, double, numbers(1000, &read)) {
		n++
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, 1, n)
}

func TestMapEndsWithItsPool(t *testing.T) {
	for name, end := range map[string]func(*procpool.Pool){
		"Close":    (*procpool.Pool).Close,
		"Shutdown": func(p *procpool.Pool) { _ = p.Shutdown(context.Background()) },
	} {
		p := newPool(t, 2)
		read, yielded := 0, 0
		var failure error
		for _, err := range procpool.Map(t.Context(), p, double, numbers(1_000_000, &read), procpool.Chunk(4)) {
			if yielded++; yielded == 10 {
				end(p)
			}
			failure = errors.Join(failure, err)
		}
		require.ErrorIs(t, failure, procpool.ErrClosed, name)
		require.Equal(t, read, yielded)
		require.Less(t, read, 50)
	}
}

// A time limit is for one request and not for its chunk.
func TestTimeoutWithinAChunk(t *testing.T) {
	patiently(t, func(d time.Duration) bool {
		p := newPool(t, 1, procpool.Timeout(d), procpool.Grace(ever))
		var got []bool
		for _, err := range procpool.Map(t.Context(), p, waits, slices.Values([]bool{false, true, false, true, false}), procpool.Chunk(5)) {
			got = append(got, err == nil)
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
		}
		require.Equal(t, int64(1), p.Stats().Started)
		return slices.Equal(got, []bool{true, false, true, false, true})
	})
}

// Tasks of a chunk that have been sent and not begun are not run if the context
// ends.
func TestCancelledChunk(t *testing.T) {
	path, running := fifo(t)
	p := newPool(t, 1, procpool.Grace(ever))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		running()
		cancel()
	}()
	n := 0
	for _, err := range procpool.Map(ctx, p, obedient, slices.Values([]string{path, path, path}), procpool.Chunk(3)) {
		n++
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, 3, n)
	require.Equal(t, procpool.Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 3, Cancelled: 3, Started: 1}, p.Stats())
}

// The time of the second request of a chunk begins when the first one is done.
func TestDeafTaskWithinAChunk(t *testing.T) {
	patiently(t, func(d time.Duration) bool {
		p := newPool(t, 1, procpool.Timeout(d), procpool.Grace(soon))
		var errs []error
		for _, err := range procpool.Map(t.Context(), p, firstThenDeaf, slices.Values([]int{0, 1, 0}), procpool.Chunk(3)) {
			errs = append(errs, err)
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
		}
		require.Len(t, errs, 3)
		require.Error(t, errs[1])
		return errs[0] == nil && errs[2] == nil
	})
}
