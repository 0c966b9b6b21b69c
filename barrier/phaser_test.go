package barrier_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/barrier"
)

// advance is an ArriveAndWait that is parked, or done, when it returns.
type advance struct {
	done   chan struct{}
	phase  int
	err    error
	cancel context.CancelFunc
}

func startPhase(wait func(context.Context) (int, error)) *advance {
	ctx, cancel := context.WithCancel(context.Background())
	a := &advance{done: make(chan struct{}), cancel: cancel}
	go func() {
		a.phase, a.err = wait(ctx)
		close(a.done)
	}()
	synctest.Wait()
	return a
}

func requirePhase(t *testing.T, a *advance, want int) {
	t.Helper()
	synctest.Wait()
	select {
	case <-a.done:
	default:
		require.Fail(t, "still waits")
	}
	require.NoError(t, a.err)
	require.Equal(t, want, a.phase)
}

func requireWaits(t *testing.T, a *advance) {
	t.Helper()
	synctest.Wait()
	select {
	case <-a.done:
		require.Fail(t, "returned", "%d, %v", a.phase, a.err)
	default:
	}
}

func requireErr(t *testing.T, a *advance, want error) {
	t.Helper()
	<-a.done
	require.ErrorIs(t, a.err, want)
}

func TestPhasesOfPartiesThatComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := barrier.NewPhaser(2)
		a := startPhase(p.ArriveAndWait)
		requireWaits(t, a)
		require.Zero(t, p.Arrive())
		requirePhase(t, a, 1)

		require.Equal(t, 1, p.Register())
		require.Equal(t, 1, p.Arrive())
		require.Equal(t, 1, p.Arrive())
		a = startPhase(func(ctx context.Context) (int, error) { return p.AwaitPhase(ctx, 1) })
		requireWaits(t, a)
		require.Equal(t, 1, p.ArriveAndDeregister())
		requirePhase(t, a, 2)
		require.Equal(t, barrier.PhaserStats{Phase: 2, Registered: 2}, p.Stats())

		stale, err := p.AwaitPhase(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, 2, stale, "at once")

		later := startPhase(func(ctx context.Context) (int, error) { return p.AwaitPhase(ctx, 3) })
		p.Arrive()
		p.Arrive()
		requireWaits(t, later)
		require.Equal(t, 3, p.Phase())
		p.BulkRegister(1)
		for range 3 {
			require.Equal(t, 3, p.Arrive())
		}
		requirePhase(t, later, 4)
		require.False(t, p.IsTerminated())
		for range 3 {
			p.Deregister()
		}
		require.True(t, p.IsTerminated(), "no party is left")
		require.Equal(t, 5, p.Arrive(), "does nothing")
		require.Equal(t, 5, p.Deregister())
		require.Equal(t, 5, p.Register())
		_, err = p.ArriveAndWait(t.Context())
		require.ErrorIs(t, err, barrier.ErrTerminated)
		_, err = p.AwaitPhase(t.Context(), 0)
		require.ErrorIs(t, err, barrier.ErrTerminated)
	})
}

func TestMoreArrivalsThanPartiesPanics(t *testing.T) {
	p := barrier.NewPhaser(0)
	require.PanicsWithValue(t, "barrier: more arrivals than parties", func() { p.Arrive() })
	require.PanicsWithValue(t, "barrier: more arrivals than parties", func() { p.Deregister() })
	require.Equal(t, barrier.PhaserStats{}, p.Stats())
	a := p.RegisterParty("a")
	p.Register()
	a.Arrive()
	require.PanicsWithValue(t, "barrier: party arrived twice in a phase: a", func() { a.Arrive() })
	p.Arrive()
	a.Deregister()
	require.PanicsWithValue(t, "barrier: use of a party that has deregistered: a", func() { a.Arrive() })
	require.Equal(t, barrier.PhaserStats{Phase: 1, Registered: 1}, p.Stats())
}

func TestMissingPartiesAreListedByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := barrier.NewPhaser(1)
		a, b, c := p.RegisterParty("a"), p.RegisterParty("b"), p.RegisterParty("c")
		p.Arrive()
		b.Arrive()
		waits := startPhase(c.ArriveAndWait)
		require.Equal(t, barrier.PhaserStats{Registered: 4, Arrived: 3, Missing: []string{"a"}}, p.Stats())
		require.Equal(t, "phase=0 registered=4 arrived=3 missing=a", p.Stats().String())
		waits.cancel()
		requireErr(t, waits, context.Canceled)
		require.Equal(t, []string{"a", "c"}, p.Stats().Missing, "its arrival was taken back")
		waits = startPhase(c.ArriveAndWait)
		a.Deregister()
		requirePhase(t, waits, 1)
		require.Equal(t, []string{"b", "c"}, p.Stats().Missing)
		p.ForceTermination()
		require.Equal(t, "phase=1 registered=3 arrived=0 terminated", p.Stats().String())
		require.Equal(t, "[phase=1 registered=3 arrived=0 missing=[] terminated=true]", p.Stats().LogValue().String())
		require.Equal(t, 1, p.RegisterParty("late").Arrive())
	})
}

func TestOnAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p *barrier.Phaser
		var seen [][2]int
		p = barrier.NewPhaser(2, barrier.OnAdvance(func(phase, registered int) bool {
			seen = append(seen, [2]int{phase, registered})
			time.Sleep(time.Second)
			require.Equal(t, phase+1, p.Phase(), "no lock is held")
			return phase == 2
		}))
		began := time.Now()
		first := startPhase(p.ArriveAndWait)
		last := startPhase(p.ArriveAndWait)
		stale := startPhase(func(ctx context.Context) (int, error) { return p.AwaitPhase(ctx, 0) })
		first.cancel() // too late to matter
		ended := startPhase(func(ctx context.Context) (int, error) { return p.AwaitPhase(ctx, 0) })
		ended.cancel()
		requireErr(t, ended, context.Canceled)
		requireWaits(t, last)
		requireWaits(t, stale)
		// While it runs, parties can arrive at the next phase, all of them.
		require.Equal(t, 1, p.Arrive())
		require.Equal(t, 1, p.Arrive())
		time.Sleep(time.Second)
		requirePhase(t, first, 2)
		requirePhase(t, stale, 2)
		require.Equal(t, time.Second, time.Since(began))
		time.Sleep(time.Second)
		requirePhase(t, last, 2) // it went on to run OnAdvance for phase 1
		require.Equal(t, [][2]int{{0, 2}, {1, 2}}, seen)

		first = startPhase(p.ArriveAndWait)
		go p.ArriveAndDeregister()
		time.Sleep(time.Second)
		requireErr(t, first, barrier.ErrTerminated)
		require.Equal(t, [2]int{2, 1}, seen[2])
	})
}

func TestOnAdvanceThatPanicsOrIsOvertakenByTermination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := barrier.NewPhaser(2, barrier.OnAdvance(func(int, int) bool { panic("bug") }))
		first := startPhase(p.ArriveAndWait)
		require.PanicsWithValue(t, "bug", func() { p.Arrive() })
		requireErr(t, first, barrier.ErrTerminated)

		p = barrier.NewPhaser(2, barrier.OnAdvance(func(int, int) bool { time.Sleep(time.Hour); return false }))
		first, last := startPhase(p.ArriveAndWait), startPhase(p.ArriveAndWait)
		next := startPhase(func(ctx context.Context) (int, error) { return p.AwaitPhase(ctx, 1) })
		p.ForceTermination()
		p.ForceTermination()
		requireErr(t, first, barrier.ErrTerminated)
		requireErr(t, next, barrier.ErrTerminated)
		requireErr(t, last, barrier.ErrTerminated)
		// A phaser that is empty goes on if OnAdvance says so.
		p = barrier.NewPhaser(1, barrier.OnAdvance(func(int, int) bool { return false }))
		p.Deregister()
		require.Equal(t, barrier.PhaserStats{Phase: 1}, p.Stats())
		p.Register()
		p.Arrive()
		require.Equal(t, 2, p.Phase())
	})
}

func TestArrivalWhoseContextEndsIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := barrier.NewPhaser(2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := p.ArriveAndWait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
		_, err = p.ArriveAndWait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = p.AwaitPhase(ctx, 0)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, p.Stats().Arrived)
		// It ends before the last one arrives, and has not noticed.
		for range 50 {
			phase := p.Phase()
			ended := startPhase(p.ArriveAndWait)
			ended.cancel()
			require.Equal(t, phase, p.Arrive())
			requireErr(t, ended, context.Canceled)
			require.Equal(t, phase, p.Phase(), "one is missing again")
			require.Equal(t, phase, p.Arrive())
			require.Equal(t, phase+1, p.Phase())
		}
	})
}

// Real threads that register, work for some phases and deregister: in each phase
// nobody goes on before all have arrived.
func TestPhaserUnderLoad(t *testing.T) {
	const workers, phases = 8, 300
	p := barrier.NewPhaser(1) // keeps it from terminating
	var arrived [workers*phases + phases]atomic.Int64
	var wrong atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		party := p.RegisterParty(string(rune('a' + w)))
		wg.Go(func() {
			for range phases {
				phase := p.Phase()
				arrived[phase].Add(1)
				next, err := party.ArriveAndWait(context.Background())
				if err != nil || next != phase+1 || arrived[phase].Load() < 1 {
					wrong.Add(1)
				}
			}
			party.Deregister()
		})
	}
	for range phases {
		if _, err := p.ArriveAndWait(context.Background()); err != nil {
			wrong.Add(1)
		}
	}
	p.Deregister()
	wg.Wait()
	require.Zero(t, wrong.Load())
	for phase := range phases {
		require.EqualValues(t, workers, arrived[phase].Load())
	}
	require.True(t, p.IsTerminated())
}
