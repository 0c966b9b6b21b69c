package connpool_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore/connpool"
)

type config = connpool.Config[*conn]

func TestLendsTheConnectionThatWasUsedLast(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 3}, func(t *testing.T, p *pool) {
		a, b, c := acquire(t, p), acquire(t, p), acquire(t, p)
		require.Equal(t, "1 2 3 ", ids(a, b, c))
		b.Release()
		c.Release()
		a.Release()
		a, c, b = acquire(t, p), acquire(t, p), acquire(t, p)
		require.Equal(t, "1 3 2 ", ids(a, c, b))
		require.Equal(t, 3, s.dialled())
		for _, l := range []*loan{a, b, c} {
			l.Release()
		}
	})
}

func TestCallsWaitInOrderForWhatIsReleased(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 1}, func(t *testing.T, p *pool) {
		held := acquire(t, p)
		first, second := start(t.Context(), p), start(t.Context(), p)
		require.Equal(t, 2, p.Stats().Waiting)
		_, ok := p.TryAcquire()
		require.False(t, ok)
		time.Sleep(2 * time.Second)
		held.Release()
		synctest.Wait()
		require.True(t, first.returned())
		require.False(t, second.returned())
		first.conn.Release()
		<-second.done
		second.conn.Release()
		require.Equal(t, 1, s.dialled())
		require.Equal(t, connpool.Waits{1, 0, 0, 0, 0, 2}, p.Stats().Waits, "the first dial, and two of two seconds")
	})
}

func TestContextEndsEveryWaitAtOnce(t *testing.T) {
	s := &server{before: slow(time.Hour)}
	bubble(t, s, config{MaxConns: 1}, func(t *testing.T, p *pool) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		dialling, waiting := start(ctx, p), start(ctx, p)
		<-dialling.done
		<-waiting.done
		require.ErrorIs(t, dialling.err, context.DeadlineExceeded)
		require.ErrorIs(t, waiting.err, context.DeadlineExceeded)
		require.Equal(t, dialling.at, waiting.at)
		_, err := p.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, "a ctx that had ended")
		require.Equal(t, 1, p.Stats().Running, "the dial goes on")
	})
}

type key struct{}

func TestDialSurvivesItsCaller(t *testing.T) {
	s := &server{before: func(ctx context.Context, _ int) error {
		time.Sleep(3 * time.Second)
		if ctx.Value(key{}) != "value" {
			return errors.New("values of the caller are missing")
		}
		return ctx.Err()
	}}
	bubble(t, s, config{MaxConns: 1}, func(t *testing.T, p *pool) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Second)
		defer cancel()
		_, err := p.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		next, err := p.Acquire(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3*time.Second, time.Since(began), "it got the connection of the first dial")
		require.Equal(t, 1, s.dialled())
		next.Release()
	})
}

func TestReleasedConnectionGoesToACallThatWaitsForItsDial(t *testing.T) {
	s := &server{before: func(ctx context.Context, n int) error {
		if n == 2 {
			return slow(10*time.Second)(ctx, n)
		}
		return nil
	}}
	bubble(t, s, config{MaxConns: 2}, func(t *testing.T, p *pool) {
		held := acquire(t, p)
		waiting := start(t.Context(), p)
		time.Sleep(time.Second)
		held.Release()
		synctest.Wait()
		require.True(t, waiting.returned(), "an idle connection and a call that waits")
		require.Equal(t, 1, waiting.conn.Value().id)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Idle, "the dial was for the next")
		waiting.conn.Release()
	})
}

func TestFailedDialFreesItsSlotAndTheNextOneBacksOff(t *testing.T) {
	var reported list[error]
	s := &server{before: func(_ context.Context, n int) error {
		if n <= 3 {
			return errDial
		}
		return nil
	}}
	bubble(t, s, config{MaxConns: 1, OnDialError: reported.add},
		func(t *testing.T, p *pool) {
			began := time.Now()
			first, second := start(t.Context(), p), start(t.Context(), p)
			<-first.done
			require.ErrorIs(t, first.err, errDial)
			require.False(t, second.returned())
			<-second.done
			require.ErrorIs(t, second.err, errDial)
			require.Equal(t, 100*time.Millisecond, second.at.Sub(began))
			_, err := p.Acquire(t.Context())
			require.ErrorIs(t, err, errDial)
			require.Equal(t, 300*time.Millisecond, time.Since(began))
			c, err := p.Acquire(t.Context())
			require.NoError(t, err)
			require.Equal(t, 700*time.Millisecond, time.Since(began))
			c.Discard()
			acquire(t, p).Release() // a success ends the back-off
			require.Len(t, reported.all(), 3)
			require.EqualValues(t, 3, p.Stats().FailedDials)
		})
}

func TestFailedDialFailsOneCallOnly(t *testing.T) {
	s := &server{before: func(ctx context.Context, n int) error {
		if n == 1 {
			return errors.Join(slow(time.Second)(ctx, n), errDial)
		}
		return nil
	}}
	bubble(t, s, config{MaxConns: 2, MaxDials: 1, MinBackoff: time.Minute, MaxBackoff: time.Minute},
		func(t *testing.T, p *pool) {
			began := time.Now()
			first, second := start(t.Context(), p), start(t.Context(), p)
			<-first.done
			require.ErrorIs(t, first.err, errDial)
			<-second.done
			require.NoError(t, second.err)
			require.Equal(t, time.Second+time.Minute, second.at.Sub(began))
			second.conn.Release()
		})
}

func TestBackoffIsBounded(t *testing.T) {
	s := &server{before: func(context.Context, int) error { return errDial }}
	bubble(t, s, config{MaxConns: 1, MinBackoff: time.Second, MaxBackoff: 3 * time.Second},
		func(t *testing.T, p *pool) {
			began := time.Now()
			for _, at := range []time.Duration{0, 1, 3, 6, 9} {
				_, err := p.Acquire(t.Context())
				require.ErrorIs(t, err, errDial)
				require.Equal(t, at*time.Second, time.Since(began))
			}
		})
}

// After a success the back-off begins anew, and at once.
func TestSuccessEndsTheBackoff(t *testing.T) {
	s := &server{before: func(_ context.Context, n int) error {
		if n == 3 {
			return nil
		}
		return errDial
	}}
	bubble(t, s, config{MaxConns: 1, MinBackoff: time.Second, MaxBackoff: time.Hour}, func(t *testing.T, p *pool) {
		began := time.Now()
		for _, at := range []time.Duration{0, 1, 3, 3, 4} { // seconds
			c, err := p.Acquire(t.Context())
			if err == nil {
				c.Discard()
			}
			require.Equal(t, at*time.Second, time.Since(began))
		}
		require.Equal(t, 5, s.dialled())
	})
}

func TestConnectionReleasedDuringTheBackoffIsLent(t *testing.T) {
	s := &server{before: func(_ context.Context, n int) error {
		if n == 2 {
			return errDial
		}
		return nil
	}}
	bubble(t, s, config{MaxConns: 2, MinBackoff: time.Hour, MaxBackoff: time.Hour}, func(t *testing.T, p *pool) {
		held := acquire(t, p)
		_, err := p.Acquire(t.Context())
		require.ErrorIs(t, err, errDial)
		waiting := start(t.Context(), p)
		require.False(t, waiting.returned())
		held.Release()
		synctest.Wait()
		require.True(t, waiting.returned())
		waiting.conn.Release()
	})
}

func TestDialThatPanicsOrExitsFailsItsCall(t *testing.T) {
	s := &server{before: func(_ context.Context, n int) error {
		switch n {
		case 1:
			panic("bug")
		case 2:
			runtime.Goexit()
		}
		return nil
	}}
	bubble(t, s, config{MaxConns: 1}, func(t *testing.T, p *pool) {
		_, err := p.Acquire(t.Context())
		var panicked *connpool.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Equal(t, "bug", panicked.Value)
		require.Contains(t, string(panicked.Stack), "connpool_test")
		_, err = p.Acquire(t.Context())
		require.ErrorIs(t, err, connpool.ErrGoexit)
		c, err := p.Acquire(t.Context())
		require.NoError(t, err)
		c.Release()
	})
}

func TestMaxDials(t *testing.T) {
	s := &server{before: slow(time.Second)}
	bubble(t, s, config{MaxConns: 5, MaxDials: 2}, func(t *testing.T, p *pool) {
		began := time.Now()
		var calls []*call
		for range 5 {
			calls = append(calls, start(t.Context(), p))
		}
		require.Equal(t, 2, s.dialled())
		for i, c := range calls {
			<-c.done
			require.Equal(t, time.Duration(i/2+1)*time.Second, c.at.Sub(began))
		}
		for _, c := range calls {
			c.conn.Release()
		}
	})
}

func TestDialTimeout(t *testing.T) {
	s := &server{before: slow(time.Hour)}
	bubble(t, s, config{MaxConns: 1, DialTimeout: 5 * time.Second}, func(t *testing.T, p *pool) {
		began := time.Now()
		_, err := p.Acquire(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(began))
	})
}

func TestTryAcquireNeitherBlocksNorDials(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 2}, func(t *testing.T, p *pool) {
		_, ok := p.TryAcquire()
		require.False(t, ok)
		require.Zero(t, s.dialled())
		acquire(t, p).Release()
		c, ok := p.TryAcquire()
		require.True(t, ok)
		c.Release()
	})
}

func TestUseAfterReleasePanics(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 1}, func(t *testing.T, p *pool) {
		c := acquire(t, p)
		c.Release()
		for _, use := range []func(){c.Release, c.Discard, func() { c.Value() }} {
			require.PanicsWithValue(t, "connpool: use of a connection after it was given back", use)
		}
		require.Equal(t, 1, p.Stats().Idle)
		d := acquire(t, p)
		d.Discard()
		require.Panics(t, d.Release)
		require.Panics(t, d.Discard)
		require.Equal(t, 1, s.closed())
		e := acquire(t, p)
		e.Release()
	})
}

func TestStatsAsText(t *testing.T) {
	s := &server{}
	bubble(t, s, config{MaxConns: 3}, func(t *testing.T, p *pool) {
		a, b := acquire(t, p), acquire(t, p)
		b.Release()
		require.Equal(t, "max=3 open=2 idle=1 lent=1 running=0 waiting=0 dials=2 failed_dials=0 closes=0",
			p.Stats().String())
		attrs := p.Stats().LogValue().Group()
		require.Contains(t, attrs, slog.Int("lent", 1))
		require.Contains(t, attrs, slog.Int64("dials", 2))
		require.Len(t, attrs, 10)
		a.Release()
		require.NoError(t, p.Close(t.Context()))
		require.Contains(t, p.Stats().String(), " closed")
	})
}

func TestConfigThatMakesNoSensePanics(t *testing.T) {
	for want, cfg := range map[string]config{
		"connpool: MaxConns below 1":               {},
		"connpool: negative number of connections": {MaxConns: 1, MinIdle: -1},
		"connpool: negative duration":              {MaxConns: 1, MaxIdle: -1},
		"connpool: OnLeak without LeakAfter":       {MaxConns: 1, OnLeak: func(connpool.Holder) {}},
	} {
		require.PanicsWithValue(t, want, func() { newPool(&server{}, cfg) })
	}
}
