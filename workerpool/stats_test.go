package workerpool

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStatsString(t *testing.T) {
	s := Stats{Limit: 1, Workers: 2, Idle: 3, Running: 4, Waiting: 5, Blocked: 6, Submitted: 7, Done: 8, Failed: 9, Cancelled: 10}
	line := "workerpool: 2 of 1 workers (3 idle), 4 running, 5 waiting, 6 blocked; 7 submitted: 8 done, 9 failed, 10 cancelled"
	require.Equal(t, line, s.String())
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("now", "pool", s)
	require.Contains(t, out.String(), "pool.limit=1 pool.workers=2 pool.idle=3 pool.paused=false pool.closed=false pool.submitted=7 pool.waiting=5 pool.running=4 "+
		"pool.done=8 pool.failed=9 pool.cancelled=10 pool.blocked=6\n")
}

// Whatever happens at once: the numbers add up at every instant, no more tasks run than
// there are workers, and each task that was accepted runs once or its future says why not.
func TestStress(t *testing.T) {
	const most = 4
	var failed atomic.Int64
	var p *Pool
	check := func() {
		if err := identity(p.Stats()); err != nil {
			failed.Add(1)
		}
	}
	p = New(most, Queue(8), IdleTime(100*time.Microsecond), RetireAfter(50), OnError(func(error) { check() }))
	var inside gauge
	var accepted, ran, panicked atomic.Int64
	task := func(kind int) func(context.Context) (int, error) {
		var self atomic.Int64
		return func(ctx context.Context) (int, error) {
			inside.enter()
			defer inside.leave()
			ran.Add(1)
			if self.Add(1) > 1 {
				failed.Add(1)
			}
			switch kind {
			case 0:
				panic(errTask)
			case 1:
				runtime.Goexit()
			case 2, 3:
				f, err := Submit(ctx, p, func(context.Context) (int, error) { ran.Add(1); check(); return 1, nil })
				if err != nil {
					return 0, err
				}
				accepted.Add(1)
				inside.leave()
				_, err = f.Wait(ctx)
				inside.enter()
				return 0, err
			}
			return kind, nil
		}
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				check()
				if i%7 == 0 {
					p.Resize(1 + rand.IntN(most))
				}
				if i%11 == 0 {
					p.Pause()
					p.Resume()
				}
				runtime.Gosched()
			}
		})
	}
	var submitters sync.WaitGroup
	for range 6 {
		submitters.Go(func() {
			for range 3000 / slowdown {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(200))*time.Microsecond)
				kind := rand.IntN(10)
				f, err := Submit(ctx, p, task(kind), Priority(rand.IntN(3)-1))
				if err == nil {
					accepted.Add(1)
					_, err := f.Wait(context.Background())
					if _, ok := err.(*PanicError); ok {
						panicked.Add(1)
					}
				}
				cancel()
			}
		})
	}
	submitters.Wait()
	close(stop)
	wg.Wait()
	require.NoError(t, p.Shutdown(t.Context()))
	s := p.Stats()
	require.NoError(t, identity(s))
	require.Zero(t, failed.Load())
	require.EqualValues(t, accepted.Load(), s.Submitted)
	require.EqualValues(t, ran.Load(), s.Done+s.Failed)
	require.LessOrEqual(t, inside.most.Load(), int64(most))
	require.NotZero(t, panicked.Load())
	require.Zero(t, s.Waiting+s.Running+s.Workers)
}
