//go:build explore

package explore

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// threads registers threads of n steps each.
func threads(x *Exec, n int, names ...string) {
	for _, name := range names {
		x.Go(name, func() {
			for range n - 1 {
				Point("between")
			}
		})
	}
}

// traces returns the schedules of body, without repetitions.
func traces(t *testing.T, s scheduler, limit int, body func(x *Exec)) []string {
	var all []string
	f, _ := explore(t, s, limit, func(x *Exec) {
		body(x)
		x.Finally(func() error {
			all = append(all, encode(x.steps))
			return nil
		})
	})
	require.Nil(t, f)
	slices.Sort(all)
	return slices.Compact(all)
}

// enumerate returns the orders of n steps of each thread with at most
// preemptions, found without the harness.
func enumerate(n, preemptions int, names ...string) []string {
	var all []string
	var extend func(order []step, left map[string]int, used int)
	extend = func(order []step, left map[string]int, used int) {
		if len(order) == n*len(names) {
			all = append(all, encode(order))
			return
		}
		for _, name := range names {
			used := used
			if len(order) > 0 {
				if last := order[len(order)-1].name; last != name && left[last] > 0 {
					used++
				}
			}
			if left[name] == 0 || used > preemptions {
				continue
			}
			left[name]--
			extend(append(order, step{name: name}), left, used)
			left[name]++
		}
	}
	left := make(map[string]int)
	for _, name := range names {
		left[name] = n
	}
	extend(nil, left, 0)
	slices.Sort(all)
	return all
}

func TestSchedulesAreThoseOfTheBound(t *testing.T) {
	names := []string{"a", "b", "c"}
	for _, tc := range []struct{ threads, steps, preemptions, want int }{
		{2, 2, 0, 2},  // aabb and its mirror image
		{2, 2, 1, 4},  // and abba
		{2, 2, 2, 6},  // and abab: 4!/(2!2!)
		{2, 2, 9, 6},  // no more
		{2, 4, 9, 70}, // 8!/(4!4!)
		{3, 1, 0, 6},  // 3!
		{3, 2, 0, 6},
		{3, 2, 9, 90}, // 6!/(2!2!2!)
		// No thread split: 6. One in two: 3*2*6 = 36. One in three: 3*2 = 6. Two
		// in two: 3*4*12 = 144, with no part next to its other part.
		{3, 3, 2, 192},
	} {
		t.Run(fmt.Sprint(tc), func(t *testing.T) {
			names := names[:tc.threads]
			runs := 0
			body := func(x *Exec) {
				runs++
				threads(x, tc.steps, names...)
			}
			got := traces(t, &depthFirst{limit: tc.preemptions}, 1_000_000, body)
			require.Len(t, got, tc.want)
			require.Equal(t, enumerate(tc.steps, tc.preemptions, names...), got)

			f, summary := explore(t, &depthFirst{limit: tc.preemptions}, 1_000_000, body)
			require.Nil(t, f)
			require.Equal(t, fmt.Sprintf("ran %d schedules, all with at most %d preemptions", tc.want, tc.preemptions), summary)
		})
	}
}

// A round that allows more preemptions than any schedule has is the last.
func TestNoRoundInVain(t *testing.T) {
	runs := 0
	f, _ := explore(t, &depthFirst{limit: 9}, 1000, func(x *Exec) {
		runs++
		threads(x, 2, "a", "b")
	})
	require.Nil(t, f)
	require.Equal(t, 2+4+6+6, runs)
}

func TestZeroConfigIsTwoPreemptions(t *testing.T) {
	t.Setenv("INTERLEAVE_EXPLORE", "")
	body := func(x *Exec) { threads(x, 4, "a", "b") }
	s, limit, err := Config{}.scheduler()
	require.NoError(t, err)
	require.Equal(t, budget, limit)
	require.Equal(t, enumerate(4, 2, "a", "b"), traces(t, s, limit, body))
}

// An event happens once, before any step or never, at no cost.
func TestEventsAreFree(t *testing.T) {
	require.Equal(t, []string{"a*2,e,a", "a*3", "a,e,a*2", "e,a*3"},
		traces(t, &depthFirst{limit: 0}, 100, func(x *Exec) {
			threads(x, 3, "a")
			x.Event("e", func() {})
		}))
	// After an event the thread that was running goes on, or is preempted.
	require.NotContains(t, traces(t, &depthFirst{limit: 0}, 100, func(x *Exec) {
		threads(x, 2, "a", "b")
		x.Event("e", func() {})
	}), "a,e,b*2,a")
}

// What is left at a Point costs, what is blocked or has ended does not.
func TestLeavingABlockedThreadIsFree(t *testing.T) {
	require.Equal(t, []string{"a,b*3,a", "b*3,a*2"}, traces(t, &depthFirst{limit: 0}, 100, func(x *Exec) {
		gate := make(chan struct{})
		x.Go("a", func() {
			<-gate
			Point("woken")
		})
		x.Go("b", func() {
			Point("about to open")
			close(gate)
			Point("open")
		})
	}))
}

func TestLimit(t *testing.T) {
	runs := 0
	f, summary := explore(t, &depthFirst{limit: 1}, 3, func(x *Exec) {
		runs++
		threads(x, 2, "a", "b")
	})
	require.Nil(t, f)
	require.Equal(t, "ran 3 schedules and stopped, with 1 of at most 1 preemptions", summary)
	require.Equal(t, 4, runs, "two, the first of them again in the next round, and the third")
}

func TestFactor(t *testing.T) {
	t.Setenv("INTERLEAVE_EXPLORE", "3")
	_, limit, err := Config{}.scheduler()
	require.NoError(t, err)
	require.Equal(t, 3*budget, limit)
	runs := 0
	Check(t, Config{Random: 10}, func(x *Exec) {
		runs++
		threads(x, 2, "a", "b")
	})
	require.Equal(t, 30, runs)
	for _, value := range []string{"0", "-1", "1.5", "many", "99999999999999999999"} {
		t.Setenv("INTERLEAVE_EXPLORE", value)
		_, _, err := Config{}.scheduler()
		require.ErrorContains(t, err, fmt.Sprintf("INTERLEAVE_EXPLORE is %q", value))
	}
}

func TestNegativeConfigPanics(t *testing.T) {
	for _, cfg := range []Config{{Preemptions: -1}, {Random: -1}} {
		require.PanicsWithValue(t, "explore: negative Config", func() { Check(t, cfg, nil) })
	}
}

func TestOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	processors := 0
	Check(t, Config{}, func(x *Exec) {
		threads(x, 1, "a")
		processors = runtime.GOMAXPROCS(0)
	})
	require.Equal(t, 1, processors)
	require.Equal(t, 3, runtime.GOMAXPROCS(0))
}

func TestExplorationsTakeTurns(t *testing.T) {
	var at atomic.Int32
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			Check(t, Config{Preemptions: 9}, func(x *Exec) {
				if at.Add(1) > 1 {
					x.Failf("two at once")
				}
				threads(x, 3, "a", "b")
				x.Finally(func() error {
					at.Add(-1)
					return nil
				})
			})
		})
	}
}
