package connpool_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMaxLifetime(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 2, MaxLifetime: time.Minute}, func(t *testing.T, p *pool) {
		a, b := acquire(t, p), acquire(t, p)
		a.Release()
		time.Sleep(time.Minute - 1)
		synctest.Wait()
		require.Equal(t, 2, p.Stats().Open)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Open, "the idle one is closed on the dot")
		b.Release()
		synctest.Wait()
		require.Zero(t, p.Stats().Open, "the one that was lent, when it is released")
		acquire(t, p).Release()
		require.Equal(t, 3, s.dialled())
	})
}

// The lifetime of an idle connection can end in the moment that it is asked for.
func TestExpiredConnectionIsNotLent(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 1, MaxLifetime: time.Minute}, func(t *testing.T, p *pool) {
		acquire(t, p).Release()
		time.Sleep(time.Minute) // the alarm may not have rung yet
		c, err := p.Acquire(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, c.Value().id)
		c.Release()
	})
}

func TestMaxIdleSparesTheMostRecentlyUsed(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 3, MinIdle: 1, MaxIdle: time.Minute}, func(t *testing.T, p *pool) {
		synctest.Wait()
		a, b, c := acquire(t, p), acquire(t, p), acquire(t, p)
		a.Release()
		time.Sleep(10 * time.Second)
		b.Release()
		c.Release()
		time.Sleep(50*time.Second - 1)
		synctest.Wait()
		require.Equal(t, 3, p.Stats().Idle)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, 2, p.Stats().Idle)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Idle, "MinIdle")
		time.Sleep(time.Hour)
		require.Equal(t, 1, p.Stats().Idle)
		require.Equal(t, 3, s.dialled(), "and it is the one that was there")
		acquire(t, p).Release()
	})
}

// Connections dialled together do not end together, and each keeps the moment
// that was chosen for it however often it is used.
func TestJitterIsChosenOncePerConnection(t *testing.T) {
	const conns = 50
	s := &server{}
	bubble(t, s, config{MaxConns: conns, MaxLifetime: time.Hour, Jitter: 10 * time.Minute},
		func(t *testing.T, p *pool) {
			began := time.Now()
			var loans []*loan
			for range conns {
				loans = append(loans, acquire(t, p))
			}
			var ends []time.Duration
			for open := conns; open > 0; {
				for _, l := range loans {
					l.Release()
				}
				synctest.Wait()
				loans = nil
				for range p.Stats().Open {
					loans = append(loans, acquire(t, p))
				}
				for ; open > len(loans); open-- {
					ends = append(ends, time.Since(began))
				}
				time.Sleep(time.Second)
			}
			require.GreaterOrEqual(t, ends[0], 50*time.Minute)
			require.LessOrEqual(t, ends[conns-1], time.Hour+time.Second)
			// Chosen anew at each look, the least of 600 would be close to 50
			// minutes for every one of them.
			require.Greater(t, ends[conns/2], 52*time.Minute)
			require.Greater(t, ends[conns-1]-ends[0], 5*time.Minute)
		})
}

func TestJitterSpreadsMaxIdle(t *testing.T) {
	const conns = 50
	s := &server{}
	bubble(t, s, config{MaxConns: conns, MaxIdle: 10 * time.Minute, Jitter: 5 * time.Minute},
		func(t *testing.T, p *pool) {
			var loans []*loan
			for range conns {
				loans = append(loans, acquire(t, p))
			}
			for _, l := range loans {
				l.Release()
			}
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			require.Equal(t, conns, p.Stats().Idle)
			time.Sleep(5 * time.Minute / 2)
			synctest.Wait()
			require.NotZero(t, p.Stats().Idle)
			require.Less(t, p.Stats().Idle, conns)
			time.Sleep(5 * time.Minute / 2)
			synctest.Wait()
			require.Zero(t, p.Stats().Idle)
		})
}

func TestMinIdleIsKeptReady(t *testing.T) {
	s := &server{before: slow(time.Second)}
	bubble(t, s, config{MaxConns: 4, MinIdle: 2}, func(t *testing.T, p *pool) {
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 2, p.Stats().Idle)
		a, b := acquire(t, p), acquire(t, p)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 2, p.Stats().Idle)
		c, d := acquire(t, p), acquire(t, p)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Zero(t, p.Stats().Idle, "MaxConns are open")
		a.Discard()
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Idle)
		for _, l := range []*loan{b, c, d} {
			l.Release()
		}
	})
}

func TestMinIdleIsDialledAgainAfterTheBackoff(t *testing.T) {
	s := &server{before: func(_ context.Context, n int) error {
		if n < 4 {
			return errDial
		}
		return nil
	}}
	bubble(t, s, config{MaxConns: 1, MinIdle: 1}, func(t *testing.T, p *pool) {
		time.Sleep(700*time.Millisecond - 1) // 100 + 200 + 400
		synctest.Wait()
		require.Equal(t, 3, s.dialled())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Idle)
	})
}

func TestCheckAfterAnIdleThreshold(t *testing.T) {
	s := &server{}
	var checked list[int]
	var broken sync.Map
	bubble(t, s, config{MaxConns: 2, CheckAfter: time.Minute, Check: func(ctx context.Context, c *conn) error {
		checked.add(c.id)
		if _, is := broken.Load(c.id); is {
			return errors.New("broken")
		}
		return nil
	}}, func(t *testing.T, p *pool) {
		a, b := acquire(t, p), acquire(t, p)
		a.Release()
		b.Release()
		time.Sleep(time.Minute - 1)
		acquire(t, p).Release()
		require.Empty(t, checked.all(), "used a moment ago")
		time.Sleep(time.Minute)
		_, ok := p.TryAcquire()
		require.False(t, ok, "it would have to be checked")
		broken.Store(2, true)
		c := acquire(t, p)
		require.Equal(t, []int{2, 1}, checked.all())
		require.Equal(t, 1, c.Value().id)
		c.Release()
		broken.Store(1, true)
		time.Sleep(time.Minute)
		c = acquire(t, p)
		require.Equal(t, 3, c.Value().id, "all that were idle are broken")
		c.Release()
	})
}

func TestCheckThatPanicsClosesTheConnection(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 1, Check: func(context.Context, *conn) error { panic("bug") }},
		func(t *testing.T, p *pool) {
			acquire(t, p).Release()
			c := acquire(t, p)
			require.Equal(t, 2, c.Value().id)
			c.Release()
		})
}

func TestCheckSurvivesItsCaller(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 1, CheckAfter: time.Second, Check: func(ctx context.Context, _ *conn) error {
		time.Sleep(3 * time.Second)
		return ctx.Err()
	}}, func(t *testing.T, p *pool) {
		acquire(t, p).Release()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := p.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		c, err := p.Acquire(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, c.Value().id)
		c.Release()
	})
}

// Two calls that wait have two connections checked, not all of them.
func TestOneCheckForEachCall(t *testing.T) {
	s := &server{}
	var checks list[int]
	bubble(t, s, config{MaxConns: 4, CheckAfter: time.Second, Check: func(_ context.Context, c *conn) error {
		checks.add(c.id)
		time.Sleep(time.Second)
		return nil
	}}, func(t *testing.T, p *pool) {
		loans := []*loan{acquire(t, p), acquire(t, p), acquire(t, p), acquire(t, p)}
		for _, l := range loans {
			l.Release()
		}
		time.Sleep(time.Second)
		a, b := start(t.Context(), p), start(t.Context(), p)
		require.Equal(t, 2, p.Stats().Running)
		<-a.done
		<-b.done
		require.Len(t, checks.all(), 2)
		a.conn.Release()
		b.conn.Release()
	})
}

func TestReset(t *testing.T) {
	s := &server{}
	var reset func() error
	bubble(t, s, config{MaxConns: 1, Reset: func(*conn) error { return reset() }}, func(t *testing.T, p *pool) {
		c := acquire(t, p)
		reset = func() error { return nil }
		c.Release()
		c = acquire(t, p)
		require.Equal(t, 1, c.Value().id)
		reset = func() error { return errors.New("failed") }
		c.Release()
		require.Equal(t, 1, s.closed())
		c = acquire(t, p)
		reset = func() error { panic("bug") }
		require.PanicsWithValue(t, "bug", c.Release)
		require.Equal(t, 2, s.closed())
		c = acquire(t, p)
		require.Equal(t, 3, c.Value().id)
		reset = func() error { return nil }
		c.Release()
	})
}

func TestOnePoolInTwoBubbles(t *testing.T) {
	s := &server{}
	p := newPool(s, config{MaxConns: 2, MaxIdle: time.Minute, MaxLifetime: time.Hour,
		CheckAfter: time.Second, Check: func(context.Context, *conn) error { return nil }})
	for i := range 3 {
		synctest.Test(t, func(t *testing.T) {
			a, b := acquire(t, p), acquire(t, p)
			if i > 0 {
				// So long that an alarm of the bubble before, which is lost, would
				// ring first.
				time.Sleep(70 * time.Second)
			}
			a.Release()
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, 1, p.Stats().Open)
			b.Release()
			time.Sleep(time.Second)
			acquire(t, p).Release()
		})
	}
	require.NoError(t, p.Close(t.Context()))
	open, _ := s.counts()
	require.Zero(t, open)
}
