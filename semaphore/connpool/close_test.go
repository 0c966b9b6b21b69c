package connpool_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore/connpool"
)

func TestCloseWakesWaitersAndAwaitsHolders(t *testing.T) {
	s := &server{}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, config{MaxConns: 2})
		held := acquire(t, p)
		acquire(t, p).Release()
		other := acquire(t, p)
		waiting := start(t.Context(), p)
		began := time.Now()
		time.AfterFunc(time.Second, other.Discard)
		time.AfterFunc(3*time.Second, held.Release)
		require.NoError(t, p.Close(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(began))
		<-waiting.done
		require.ErrorIs(t, waiting.err, connpool.ErrClosed)
		require.Equal(t, began, waiting.at, "at once")
		_, err := p.Acquire(t.Context())
		require.ErrorIs(t, err, connpool.ErrClosed)
		_, ok := p.TryAcquire()
		require.False(t, ok)
		closeAll(t, p, s) // again
		require.Equal(t, 2, s.closed())
	})
}

func here(p *pool, t *testing.T) *loan { return acquire(t, p) }

func TestCloseListsHolders(t *testing.T) {
	s := &server{}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, config{MaxConns: 3, LeakAfter: time.Hour})
		held := here(p, t)
		acquire(t, p).Release()
		time.Sleep(2 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var heldErr *connpool.HeldError
		require.ErrorAs(t, err, &heldErr)
		require.Equal(t, 1, heldErr.Open)
		require.Len(t, heldErr.Holders, 1)
		require.Equal(t, 3*time.Second, heldErr.Holders[0].Held)
		require.Contains(t, heldErr.Holders[0].Stack, "connpool_test.here")
		require.Contains(t, err.Error(), "1 connections are open, 1 of them lent")
		require.Contains(t, err.Error(), "for 3s, to\n")
		require.Error(t, p.Close(ctx), "a context that has ended")
		held.Release()
		synctest.Wait()
		require.NoError(t, p.Close(ctx), "nothing is left to wait for")
		closeAll(t, p, s)
	})
}

func TestHoldersAreCountedWithoutTheirStacks(t *testing.T) {
	s := &server{}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, config{MaxConns: 2})
		held := acquire(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var err *connpool.HeldError
		require.ErrorAs(t, p.Close(ctx), &err)
		require.Equal(t, []connpool.Holder{{}}, err.Holders)
		require.Equal(t, "connpool: context canceled: 1 connections are open, 1 of them lent", err.Error())
		held.Release()
		closeAll(t, p, s)
	})
}

func TestCloseEndsDials(t *testing.T) {
	s := &server{before: slow(time.Hour)}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, config{MaxConns: 2})
		began := time.Now()
		waiting := start(t.Context(), p)
		closeAll(t, p, s)
		<-waiting.done
		require.ErrorIs(t, waiting.err, connpool.ErrClosed)
		require.Equal(t, began, time.Now())
	})
}

// A dial that does not look at its context is awaited, and what it opens is
// closed.
func TestCloseAwaitsStubbornDials(t *testing.T) {
	s := &server{before: func(context.Context, int) error {
		time.Sleep(5 * time.Second)
		return nil
	}}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, config{MaxConns: 2})
		waiting := start(t.Context(), p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Close(ctx)
		var held *connpool.HeldError
		require.ErrorAs(t, err, &held)
		require.Equal(t, 1, held.Open)
		require.Empty(t, held.Holders)
		require.True(t, waiting.returned())
		closeAll(t, p, s)
		require.Equal(t, 1, s.closed())
	})
}

func TestCloseDuringTheBackoff(t *testing.T) {
	s := &server{before: func(context.Context, int) error { return errDial }}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, config{MaxConns: 1, MinIdle: 1})
		synctest.Wait()
		waiting := start(t.Context(), p)
		closeAll(t, p, s)
		<-waiting.done
		require.ErrorIs(t, waiting.err, connpool.ErrClosed)
		time.Sleep(time.Hour)
		synctest.Wait()
		_, dials := s.counts()
		require.Equal(t, 1, dials, "none after Close")
	})
}

func TestLeakIsReportedOnce(t *testing.T) {
	s := &server{}
	var leaks list[connpool.Holder]
	cfg := config{MaxConns: 2, LeakAfter: time.Minute, OnLeak: leaks.add}
	bubble(t, s, cfg, func(t *testing.T, p *pool) {
		leaked := here(p, t)
		time.Sleep(30 * time.Second)
		short := acquire(t, p)
		time.Sleep(30*time.Second - 1)
		synctest.Wait()
		require.Empty(t, leaks.all())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Len(t, leaks.all(), 1)
		require.Equal(t, time.Minute, leaks.all()[0].Held)
		require.Contains(t, leaks.all()[0].Stack, "connpool_test.here")
		short.Release()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, leaks.all(), 1)
		leaked.Release()
		again := acquire(t, p)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, leaks.all(), 2, "each loan has its own time")
		again.Release()
	})
}

// What a hook uses can be taken down once Close has returned.
func TestCloseAwaitsHooks(t *testing.T) {
	for name, cfg := range map[string]config{
		"OnDialError": {MaxConns: 1, MinIdle: 1, OnDialError: func(error) { time.Sleep(time.Second) }},
		"OnLeak":      {MaxConns: 1, LeakAfter: time.Minute, OnLeak: func(connpool.Holder) { time.Sleep(time.Second) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{}
			if cfg.MinIdle > 0 {
				s.before = func(context.Context, int) error { return errDial }
			}
			synctest.Test(t, func(t *testing.T) {
				p := newPool(s, cfg)
				if cfg.LeakAfter > 0 {
					leaked := acquire(t, p)
					time.Sleep(cfg.LeakAfter)
					synctest.Wait() // OnLeak runs
					leaked.Release()
				}
				synctest.Wait()
				began := time.Now()
				ended, cancel := context.WithCancel(t.Context())
				cancel()
				require.ErrorIs(t, p.Close(ended), context.Canceled, "the hook runs")
				closeAll(t, p, s)
				require.Equal(t, time.Second, time.Since(began))
			})
		})
	}
}

func TestResize(t *testing.T) {
	s := &server{}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, config{MaxConns: 1})
		a := acquire(t, p)
		waiting := start(t.Context(), p)
		p.Resize(3)
		<-waiting.done
		b, c := waiting.conn, acquire(t, p)
		require.Equal(t, 3, p.Stats().Open)
		a.Release()
		p.Resize(1)
		synctest.Wait()
		require.Equal(t, 2, p.Stats().Open, "the idle one is closed at once")
		require.Equal(t, 1, p.Stats().Max)
		waiting = start(t.Context(), p)
		b.Release()
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Open, "the others as they are released")
		require.False(t, waiting.returned())
		c.Release()
		<-waiting.done
		require.Equal(t, 3, waiting.conn.Value().id)
		waiting.conn.Release()
		require.Panics(t, func() { p.Resize(0) })
		closeAll(t, p, s)
	})
}
