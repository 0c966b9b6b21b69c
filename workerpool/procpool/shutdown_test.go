package procpool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestShutdownDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		p := f.pool(1)
		a, b := begin(t.Context(), p, 1), begin(t.Context(), p, 2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, p.Shutdown(ctx), context.DeadlineExceeded)
		require.ErrorIs(t, begin(t.Context(), p, 1).fakeBatch[0].err, ErrClosed)
		over := make(chan error)
		go func() { over <- p.Shutdown(t.Context()) }()
		a.finish(0, nil)
		b.finish(0, errCrash)
		require.Empty(t, over)
		b.finish(1, nil)
		require.NoError(t, <-over)
		require.Zero(t, f.alive())
		require.Equal(t, Stats{Limit: 1, Submitted: 3, Done: 2, Failed: 1, Started: 2, Closed: true}, p.Stats())
		p.Close()
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// The tasks of a batch that come after a crash are accepted, and do not wait for a
// worker yet, when the pool is shut down.
func TestShutdownBetweenTwoWorkersOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&factory{}).pool(1)
		w := p.submit(t.Context(), 3).waiter
		require.NoError(t, p.waiters.Wait(&p.mu, w, nil))
		over := make(chan error, 1)
		go func() { over <- p.Shutdown(t.Context()) }()
		p.over(failed, false)
		p.release(w.Value, false)
		synctest.Wait()
		require.Empty(t, over)
		require.Zero(t, p.Stats().Workers, "as far as anybody knows they are of no use")
		next, err := p.await(p.queue(t.Context()))
		require.NoError(t, err)
		p.over(done, false)
		p.release(next, true)
		synctest.Wait()
		require.Empty(t, over)
		p.unserved(fakeBatch{{}}, 0, context.Canceled)
		require.NoError(t, <-over)
	})
}

func TestCloseKills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		p := f.pool(2)
		a, b, c := begin(t.Context(), p, 3), begin(t.Context(), p, 1), begin(t.Context(), p, 1)
		f.slow(time.Hour)
		b.finish(0, errCrash) // one starts for c
		p.Close()
		synctest.Wait()
		for _, o := range []*call{a, c} {
			require.True(t, o.returned())
			for _, task := range o.fakeBatch {
				require.ErrorIs(t, task.err, ErrClosed)
			}
		}
		require.Zero(t, f.alive())
		require.Equal(t, Stats{Limit: 2, Submitted: 5, Failed: 1, Cancelled: 4, Started: 2, Closed: true}, p.Stats())
		p.Close()
	})
}
