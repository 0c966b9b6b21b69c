package procpool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&factory{}).pool(1)
		var calls []*call
		for range 5 {
			calls = append(calls, begin(t.Context(), p, 1))
		}
		for i, c := range calls {
			for j, o := range calls {
				want := 0
				if j <= i {
					want = 1
				}
				require.Equal(t, want, o.fakeBatch[0].begun)
			}
			c.finish(0, nil)
		}
		p.Close()
	})
}

func TestCancelledWaiterGivesItsPlaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&factory{}).pool(1)
		a, b, c := begin(t.Context(), p, 1), begin(t.Context(), p, 1), begin(t.Context(), p, 1)
		b.cancel()
		synctest.Wait()
		require.True(t, b.returned())
		require.ErrorIs(t, b.fakeBatch[0].err, context.Canceled)
		require.Equal(t, Stats{Limit: 1, Workers: 1, Submitted: 3, Waiting: 1, Running: 1, Cancelled: 1, Started: 1}, p.Stats())
		a.finish(0, nil)
		c.finish(0, nil)
		require.Zero(t, b.fakeBatch[0].begun, "it is never run")
		p.Close()
	})
}

func TestContextThatHasEndedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&factory{}).pool(1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		c := begin(ctx, p, 2)
		require.ErrorIs(t, c.fakeBatch[1].err, context.Canceled)
		require.Equal(t, Stats{Limit: 1}, p.Stats())
		require.ErrorIs(t, p.Shutdown(ctx), context.Canceled)
		require.False(t, p.Stats().Closed)
	})
}

// A call with little time does not throw away the worker that starts for it.
func TestStartBelongsToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{startTime: time.Second}
		p := f.pool(1)
		for range 3 {
			c := begin(t.Context(), p, 1)
			time.Sleep(time.Second / 4)
			c.cancel()
			synctest.Wait()
			require.True(t, c.returned())
		}
		c := begin(t.Context(), p, 1)
		time.Sleep(time.Second / 4)
		synctest.Wait()
		require.Equal(t, 1, c.fakeBatch[0].begun)
		require.Equal(t, 1, f.atMost())
		c.finish(0, nil)
		p.Close()
	})
}

func TestFailingStartsBreakThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{failing: true}
		p := f.pool(2)
		var start *StartError
		for range maxStartFailures - 1 {
			c := begin(t.Context(), p, 1)
			require.True(t, c.returned())
			require.ErrorAs(t, c.fakeBatch[0].err, &start)
			require.ErrorIs(t, c.fakeBatch[0].err, errStart)
			require.NotErrorIs(t, c.fakeBatch[0].err, ErrBroken)
		}
		f.fail(false)
		good := begin(t.Context(), p, 1)
		f.fail(true) // only on end do they count
		require.NotErrorIs(t, begin(t.Context(), p, 1).fakeBatch[0].err, ErrBroken)
		many := begin(t.Context(), p, 4)
		good.finish(0, nil)
		require.True(t, many.returned())
		require.NotErrorIs(t, many.fakeBatch[0].err, ErrBroken, "one task for one worker")
		for _, task := range many.fakeBatch[1:] {
			require.ErrorIs(t, task.err, ErrBroken)
			require.ErrorIs(t, task.err, errStart)
		}
		require.ErrorIs(t, begin(t.Context(), p, 1).fakeBatch[0].err, ErrBroken)
		require.Equal(t, Stats{Limit: 2, Workers: 1, Idle: 1, Submitted: 8, Failed: 7, Done: 1, Started: 1}, p.Stats())
		require.NoError(t, p.Shutdown(t.Context()))
		require.Zero(t, f.alive())
	})
}

// What a crash leaves of a batch is run by another worker, each task once.
func TestBatchGoesOnAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&factory{}).pool(1)
		c := begin(t.Context(), p, 4)
		require.Equal(t, Stats{Limit: 1, Workers: 1, Submitted: 4, Waiting: 3, Running: 1, Started: 1}, p.Stats())
		c.finish(0, nil)
		c.finish(1, errCrash)
		require.Equal(t, Stats{Limit: 1, Workers: 1, Submitted: 4, Waiting: 1, Running: 1, Done: 1, Failed: 1, Started: 2}, p.Stats())
		c.finish(2, errors.New("failed"))
		c.finish(3, nil)
		require.True(t, c.returned())
		for _, task := range c.fakeBatch {
			require.Equal(t, 1, task.begun)
		}
		p.Close()
	})
}

func TestMaxTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		p := f.pool(1, MaxTasks(3))
		c := begin(t.Context(), p, 7)
		for i := range 7 {
			c.finish(i, nil)
			require.Equal(t, int64(min(i+1, 6)/3+1), p.Stats().Started)
		}
		require.Equal(t, 1, f.atMost(), "the old one is gone before the new one starts")
		p.Close()
	})
}
