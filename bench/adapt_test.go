package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool"
)

// A controller returns the number of workers for the next fifth of a second: rate is
// the tasks a second in this one, mean and least the time that they took, least since the
// beginning.
type controller func(workers, rate, mean, least float64) float64

// gradient has as many workers as the times allow: fewer if tasks take longer than the
// least (TCP Vegas; the concurrency limits of Netflix), and a few more to find out.
func gradient(workers, _, mean, least float64) float64 {
	return workers*max(0.5, min(1, 1.5*least/mean)) + math.Sqrt(workers)
}

// hillClimbing goes on in the direction that has made the rate grow.
func hillClimbing() controller {
	before, step := 0.0, 1.3
	return func(workers, rate, _, _ float64) float64 {
		if rate < before*1.02 {
			step = 1 / step
		}
		before = rate
		return min(5000, workers*step)
	}
}

// adapt has a pool call a service that bears fifty calls at a time, and slows down in
// proportion beyond that, for twenty seconds. It returns the workers and the tasks a
// second at the end.
func adapt(t *testing.T, control controller, duration func(*rand.Rand) time.Duration) (workers, rate float64) {
	const bears = 50
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards the fields below
		random := rand.New(rand.NewPCG(1, 2))
		busy, ended, sum, least := 0, 0, 0.0, math.Inf(1)
		task := func(context.Context) error {
			mu.Lock()
			busy++
			d := duration(random) * time.Duration(max(busy, bears)) / bears
			mu.Unlock()
			time.Sleep(d)
			mu.Lock()
			defer mu.Unlock()
			busy--
			ended++
			sum += d.Seconds()
			least = min(least, d.Seconds())
			return nil
		}
		p := workerpool.New(8, workerpool.IdleTime(0))
		defer p.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for p.Go(ctx, task) == nil {
			}
		}()
		workers = 8
		for range 100 {
			time.Sleep(time.Second / 5)
			mu.Lock()
			rate = float64(ended) * 5
			if ended > 0 {
				workers = max(1, control(workers, rate, sum/float64(ended), least))
			}
			ended, sum = 0, 0
			mu.Unlock()
			p.Resize(int(workers))
		}
	})
	return workers, rate
}

// What adapts the number of workers to what is measured finds it if all tasks are alike,
// and goes far astray if they are not: a pool knows nothing of its tasks, and so does not
// adapt.
func TestAdaptingTheNumberOfWorkers(t *testing.T) {
	alike := func(*rand.Rand) time.Duration { return 10 * time.Millisecond }
	mixed := func(r *rand.Rand) time.Duration {
		if r.IntN(10) == 0 {
			return 100 * time.Millisecond
		}
		return time.Millisecond
	}
	fixed := func(_, _, _, _ float64) float64 { return 50 }
	for name, control := range map[string]controller{"fixed": fixed, "gradient": gradient, "hill climbing": hillClimbing()} {
		workers, rate := adapt(t, control, alike)
		t.Logf("%s: %.0f workers and %.0f tasks of 10 ms a second", name, workers, rate)
		require.InDelta(t, 5000, rate, 500)
		require.InDelta(t, 50, workers, 50)
	}
	workers, rate := adapt(t, fixed, mixed)
	t.Logf("fixed: %.0f workers and %.0f mixed tasks a second", workers, rate)
	good := rate
	workers, rate = adapt(t, gradient, mixed)
	t.Logf("gradient: %.0f workers and %.0f mixed tasks a second", workers, rate)
	require.Less(t, workers, 10.0)
	require.Less(t, rate, good/5)
	workers, rate = adapt(t, hillClimbing(), mixed)
	t.Logf("hill climbing: %.0f workers and %.0f mixed tasks a second", workers, rate)
	require.Greater(t, workers, 500.0)
}
