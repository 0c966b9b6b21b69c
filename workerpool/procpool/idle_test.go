package procpool

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWorkersStartOnDemandAndExitAfterTheIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		p := f.pool(3, IdleTime(time.Second))
		require.Zero(t, p.Stats().Workers, "none before it is needed")
		a, b := begin(t.Context(), p, 1), begin(t.Context(), p, 1)
		require.Equal(t, 2, p.Stats().Workers)
		a.finish(0, nil)
		time.Sleep(time.Second / 2)
		b.finish(0, nil)
		begin(t.Context(), p, 1).finish(0, nil)
		require.Equal(t, int64(2), p.Stats().Started, "an idle one is used, the latest")
		time.Sleep(time.Second/2 - 1)
		synctest.Wait()
		require.Equal(t, 2, p.Stats().Idle)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Workers, "on the dot")
		time.Sleep(time.Second/2 - 1)
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Workers)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Zero(t, p.Stats().Workers)
		require.Zero(t, f.alive())
		// The pool is as good as new. That it is left alone, open, leaks nothing: the
		// bubble ends.
		begin(t.Context(), p, 1).finish(0, nil)
		time.Sleep(time.Second)
	})
}

func TestOnePoolInTwoBubbles(t *testing.T) {
	f := &factory{}
	p := f.pool(2, IdleTime(time.Minute))
	for i := range 3 {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Duration(i) * time.Hour)
			begin(t.Context(), p, 1).finish(0, nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Zero(t, p.Stats().Workers)
			begin(t.Context(), p, 1).finish(0, nil)
			p.mu.Lock()
			for _, w := range p.idle { // its alarm is lost with the bubble
				w.end()
			}
			p.mu.Unlock()
		})
	}
}

func TestIdleWorkerThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&factory{}).pool(1)
		begin(t.Context(), p, 1).finish(0, nil)
		p.idle[0].kill(nil)
		synctest.Wait()
		require.Equal(t, Stats{Limit: 1, Submitted: 1, Done: 1, Started: 1}, p.Stats())
		begin(t.Context(), p, 1).finish(0, nil)
		require.Equal(t, int64(2), p.Stats().Started)
		p.Close()
	})
}

// It can also die just before it is given back.
func TestWorkerThatDiesBeforeItIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&factory{}).pool(1)
		begin(t.Context(), p, 1).finish(0, nil)
		w := p.submit(t.Context(), 1).worker
		w.kill(nil)
		synctest.Wait()
		p.over(done, false)
		p.release(w, true)
		require.Equal(t, Stats{Limit: 1, Submitted: 2, Done: 2, Started: 1}, p.Stats())
		p.Close()
	})
}

// A pool that was used in a bubble may have been idle since a time that has yet to come.
func TestClockThatGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		p := f.pool(1, IdleTime(time.Minute))
		begin(t.Context(), p, 1).finish(0, nil)
		p.mu.Lock()
		p.idle[0].since = time.Now().Add(time.Hour)
		p.mu.Unlock()
		time.Sleep(2*time.Minute - 1) // an idle time until it is looked at, and another one
		synctest.Wait()
		require.Equal(t, 1, f.alive())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Zero(t, f.alive())
	})
}

// Nobody gets the place of a worker that is gone before its task has been counted: there
// would be more tasks that run than workers.
func TestPlaceOfAWorkerWhoseTaskStillCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		p := f.pool(1)
		begin(t.Context(), p, 1).finish(0, nil)
		w := p.submit(t.Context(), 1).worker
		next := begin(t.Context(), p, 1)
		w.kill(nil)
		synctest.Wait()
		require.Zero(t, f.alive())
		require.Equal(t, Stats{Limit: 1, Workers: 1, Submitted: 3, Waiting: 1, Running: 1, Done: 1, Started: 1}, p.Stats())
		p.over(failed, false)
		p.release(w, false)
		synctest.Wait()
		require.Equal(t, Stats{Limit: 1, Workers: 1, Submitted: 3, Running: 1, Done: 1, Failed: 1, Started: 2}, p.Stats())
		next.finish(0, nil)
		p.Close()
	})
}
