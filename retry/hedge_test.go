package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// server answers call after call as the script says.
type server struct {
	start   time.Time
	calls   atomic.Int32
	running atomic.Int32
	began   [16]time.Duration
	script  []answer
}

type answer struct {
	after time.Duration
	err   error
	deaf  time.Duration // how long it goes on after its context has ended
	then  func()
}

func (s *server) call(ctx context.Context) (int, error) {
	s.running.Add(1)
	defer s.running.Add(-1)
	n := int(s.calls.Add(1))
	s.began[n-1] = time.Since(s.start)
	a := s.script[n-1]
	select {
	case <-time.After(a.after):
		if a.then != nil {
			a.then()
		}
		return n, a.err
	case <-ctx.Done():
		time.Sleep(a.deaf)
		return n, ctx.Err()
	}
}

// hedge runs a script in a bubble and checks when the attempts began.
func hedge(t *testing.T, h retry.Hedging, began []time.Duration, took time.Duration, script ...answer) (n int, err error) {
	t.Helper()
	s := &server{start: time.Now(), script: script}
	defer func() { // even if it panics
		require.Equal(t, began, s.began[:s.calls.Load()])
		require.Equal(t, took, time.Since(s.start))
		require.Zero(t, s.running.Load(), "all have ended")
	}()
	return retry.Hedge(t.Context(), h, s.call)
}

func TestHedgeAsksAgainIfTheAnswerIsLate(t *testing.T) {
	ms := time.Millisecond
	at := func(d ...time.Duration) []time.Duration { return d }
	h := retry.Hedging{MaxAttempts: 3, Delay: 10 * ms}
	errOther := errors.New("other")
	for name, tc := range map[string]struct {
		h       retry.Hedging
		began   []time.Duration
		took    time.Duration
		script  []answer
		n       int
		err     error
		history []error
	}{
		"in time":              {h, at(0), 9 * ms, []answer{{after: 9 * ms}}, 1, nil, nil},
		"late, and yet first":  {h, at(0, 10*ms), 12 * ms, []answer{{after: 12 * ms}, {after: 5 * ms}}, 1, nil, nil},
		"second wins":          {h, at(0, 10*ms), 15 * ms, []answer{{after: time.Hour}, {after: 5 * ms}}, 2, nil, nil},
		"third wins":           {h, at(0, 10*ms, 20*ms), 21 * ms, []answer{{after: time.Hour}, {after: time.Hour}, {after: ms}}, 3, nil, nil},
		"no fourth":            {h, at(0, 10*ms, 20*ms), 50 * ms, []answer{{after: 50 * ms}, {after: time.Hour}, {after: time.Hour}}, 1, nil, nil},
		"losers are awaited":   {h, at(0, 10*ms), 45 * ms, []answer{{after: time.Hour, deaf: 30 * ms}, {after: 5 * ms}}, 2, nil, nil},
		"failure starts next":  {h, at(0, 3*ms), 5 * ms, []answer{{after: 3 * ms, err: errFlaky}, {after: 2 * ms}}, 2, nil, nil},
		"and its delay begins": {h, at(0, 3*ms, 13*ms), 14 * ms, []answer{{after: 3 * ms, err: errFlaky}, {after: time.Hour}, {after: ms}}, 3, nil, nil},
		"all fail": {h, at(0, ms, 2*ms), 3 * ms, []answer{{after: ms, err: errFlaky}, {after: ms, err: errOther}, {after: ms, err: io.EOF}},
			0, io.EOF, []error{errFlaky, errOther, io.EOF}},
		"permanent": {h, at(0, 10*ms), 12 * ms, []answer{{after: time.Hour}, {after: 2 * ms, err: fmt.Errorf("w: %w", retry.Permanent(io.EOF))}},
			0, io.EOF, nil},
		"zero value":      {retry.Hedging{}, at(0, 100*ms), 150 * ms, []answer{{after: time.Hour}, {after: 50 * ms}}, 2, nil, nil},
		"at once":         {retry.Hedging{MaxAttempts: 2, Delay: -1}, at(0, 0), ms, []answer{{after: ms}, {after: ms}}, 0, nil, nil},
		"one, so no more": {retry.Hedging{MaxAttempts: 1}, at(0), time.Hour, []answer{{after: time.Hour}}, 1, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, err := hedge(t, tc.h, tc.began, tc.took, tc.script...)
				if tc.err == nil {
					require.NoError(t, err)
					require.True(t, n == tc.n || tc.n == 0 && n > 0, "%d", n)
					return
				}
				require.Zero(t, n)
				require.ErrorIs(t, err, tc.err)
				e := err.(*retry.Error)
				require.Equal(t, len(tc.began), e.Attempts)
				require.NoError(t, e.Cause)
				if tc.history != nil {
					require.Equal(t, tc.history, e.History)
				}
			})
		})
	}
}

func TestHedgeAndTheCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Millisecond)
		defer cancel()
		s := &server{start: time.Now(), script: []answer{{after: time.Hour}, {after: time.Hour}, {after: time.Hour}, {}}}
		h := retry.Hedging{MaxAttempts: 4, Delay: 10 * time.Millisecond}
		_, err := retry.Hedge(ctx, h, s.call)
		requireError(t, err, 3, context.DeadlineExceeded, context.DeadlineExceeded)
		require.Equal(t, 25*time.Millisecond, time.Since(s.start))
		_, err = retry.Hedge(ctx, h, s.call)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "retry: not attempted: context deadline exceeded")
		require.EqualValues(t, 3, s.calls.Load())

		// One that does not care, and succeeds.
		ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		start, began := time.Now(), 0
		n, err := retry.Hedge(ctx, h, func(context.Context) (int, error) {
			began++
			time.Sleep(time.Second)
			return 7, nil
		})
		require.NoError(t, err)
		require.Equal(t, 7, n)
		require.Equal(t, 1, began, "no other one once the context has ended")
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestPanicOfAHedgedAttempt(t *testing.T) {
	ms := time.Millisecond
	for name, script := range map[string][]answer{
		"before any result":  {{after: time.Hour}, {after: ms, then: func() { panic("boom") }}},
		"after the other":    {{after: 11 * ms}, {after: ms, then: func() { panic("boom") }}},
		"while it is joined": {{after: 11 * ms}, {after: 11 * ms, then: nil}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{start: time.Now(), script: script}
			fn := s.call
			if name == "while it is joined" {
				fn = func(ctx context.Context) (int, error) {
					n, err := s.call(ctx)
					if err != nil {
						panic("boom")
					}
					return n, err
				}
			}
			defer func() {
				e, ok := recover().(*retry.PanicError)
				require.True(t, ok)
				require.Equal(t, "boom", e.Value)
				require.Contains(t, string(e.Stack), "hedge_test.go")
				require.Zero(t, s.running.Load())
			}()
			retry.Hedge(t.Context(), retry.Hedging{Delay: 10 * ms}, fn)
			require.Fail(t, "returned")
		})
	}
	t.Run("all of them", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			require.Panics(t, func() {
				retry.Hedge(t.Context(), retry.Hedging{MaxAttempts: 3, Delay: -1}, func(context.Context) (int, error) { panic("boom") })
			})
		})
	})
	t.Run("in Unwrap", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			require.Panics(t, func() {
				retry.Hedge(t.Context(), retry.Hedging{}, func(context.Context) (int, error) {
					return 0, unwrapping(func() error { panic("boom") })
				})
			})
		})
	})
}

func TestGoexitOfAHedgedAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := hedge(t, retry.Hedging{}, seconds(0, 0.1), 150*time.Millisecond,
			answer{after: time.Hour}, answer{after: 50 * time.Millisecond, then: runtime.Goexit})
		e := err.(*retry.Error)
		require.Equal(t, 2, e.Attempts)
		require.Equal(t, retry.ErrGoexit, e.Last)
		require.Equal(t, []error{retry.ErrGoexit}, e.History, "not that the other one was cancelled")
		require.NoError(t, e.Cause)
	})
}

func TestHedgeKeepsToABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := retry.Hedging{Budget: retry.NewBudget(0.5, 0)}
		hour := answer{after: time.Hour}
		_, err := hedge(t, h, seconds(0), time.Hour, hour)
		require.NoError(t, err)
		_, err = hedge(t, h, seconds(0, 0.1), 200*time.Millisecond, hour, answer{after: 100 * time.Millisecond})
		require.NoError(t, err)
		_, err = hedge(t, h, seconds(0), time.Second, answer{after: time.Second, err: errFlaky})
		requireError(t, err, 1, errFlaky, retry.ErrBudget)
		require.EqualValues(t, 3, h.Budget.Stats().Requests)
		// Refused first, and then it is the error that ends it.
		_, err = hedge(t, retry.Hedging{Budget: retry.NewBudget(0, 0)}, seconds(0), time.Second,
			answer{after: time.Second, err: retry.Permanent(errFlaky)})
		requireError(t, err, 1, errFlaky, nil)
	})
}

func TestHedgeDelayIsAQuantileOfTheLatencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l retry.Latencies
		h := retry.Hedging{Delay: time.Second, Latencies: &l, Quantile: 0.9}
		for i := range 19 {
			_, err := hedge(t, h, seconds(0), time.Duration(i+1)*time.Millisecond, answer{after: time.Duration(i+1) * time.Millisecond})
			require.NoError(t, err)
		}
		// Nineteen are not enough.
		_, err := hedge(t, h, seconds(0, 1), 1500*time.Millisecond, answer{after: time.Hour}, answer{after: 500 * time.Millisecond})
		require.NoError(t, err)
		// Of 21 it is the 19th. The one that was cancelled counts as what it had taken.
		d, n := l.Quantile(0.9)
		require.Equal(t, 21, n)
		require.Equal(t, 19*time.Millisecond, d)
		top, _ := l.Quantile(1)
		require.Equal(t, 1500*time.Millisecond, top)
		_, err = hedge(t, h, seconds(0, 0.019), 20*time.Millisecond, answer{after: time.Hour}, answer{after: time.Millisecond})
		require.NoError(t, err)
		h.Quantile = 0 // 0.95 of 23: the 22nd
		_, err = hedge(t, h, seconds(0, 0.5), 1001*time.Millisecond, answer{after: 1001 * time.Millisecond}, answer{after: time.Hour})
		require.NoError(t, err)
		// Failures are not latencies.
		_, before := l.Quantile(1)
		hedge(t, h, seconds(0, 0), 0, answer{err: errFlaky}, answer{err: errFlaky})
		_, after := l.Quantile(1)
		require.Equal(t, before, after)
	})
}

// A slow server is hedged for ever, and yet the quantile stays where it is: it does
// not forget what it has cut off.
func TestQuantileDoesNotShrinkByHedging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l retry.Latencies
		h := retry.Hedging{Delay: 100 * time.Millisecond, Latencies: &l, Quantile: 0.8}
		var mu sync.Mutex // guards rng
		rng := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			retry.Hedge(t.Context(), h, func(ctx context.Context) (int, error) {
				mu.Lock()
				took := time.Duration(5+rng.IntN(10)) * time.Millisecond
				if rng.IntN(100) < 35 {
					took = time.Second
				}
				mu.Unlock()
				select {
				case <-time.After(took):
					return 0, nil
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			})
		}
		d, _ := l.Quantile(0.8)
		require.Greater(t, d, 14*time.Millisecond, "the longest of those that are not slow")
	})
}

func TestLatencies(t *testing.T) {
	var l retry.Latencies
	d, n := l.Quantile(0.5)
	require.Zero(t, d)
	require.Zero(t, n)
	var all []time.Duration
	for i := range 2000 {
		d := time.Duration(i * i % 1009)
		l.Record(d)
		all = append(all, d)
		recent := slices.Sorted(slices.Values(all[max(0, len(all)-256):]))
		for _, q := range []float64{0, 0.5, 0.95, 1} {
			got, n := l.Quantile(q)
			require.Equal(t, len(recent), n)
			within := 0 // as many as the fraction have not exceeded it, and no smaller one would do
			for _, d := range recent {
				if d <= got {
					within++
				}
			}
			require.GreaterOrEqual(t, float64(within), q*float64(n))
			require.Contains(t, recent, got)
			if at, _ := slices.BinarySearch(recent, got); at > 0 {
				require.Less(t, float64(at), q*float64(n))
			}
		}
	}
	for _, bad := range []float64{-0.1, 1.1} {
		require.PanicsWithValue(t, "retry: quantile out of range", func() { l.Quantile(bad) })
		require.PanicsWithValue(t, "retry: quantile out of range", func() { retry.Hedge[int](t.Context(), retry.Hedging{Quantile: bad}, nil) })
	}
	require.PanicsWithValue(t, "retry: negative MaxAttempts", func() { retry.Hedge[int](t.Context(), retry.Hedging{MaxAttempts: -1}, nil) })
}
