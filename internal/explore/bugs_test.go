//go:build explore

package explore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCorrectToyPassesAllSchedules(t *testing.T) {
	f, summary := explore(t, &depthFirst{limit: 3}, 1_000_000, toyBody(2, ""))
	require.Nil(t, f)
	require.Contains(t, summary, "all with at most 3 preemptions")
	Check(t, Config{}, toyBody(3, ""))
	Check(t, Config{Random: 500}, toyBody(5, ""))
}

var planted = []struct {
	bug, reason string
	preemptions int // that it takes
}{
	{lostWakeup, "stuck: no thread is at a Point, no event is left", 2},
	{doubleGrant, "2 threads hold one permit", 2},
	{swallowsGrant, "the permit is lost", 1},
}

func TestPlantedBugsAreFound(t *testing.T) {
	for _, tc := range planted {
		t.Run(tc.bug, func(t *testing.T) {
			f := Find(t, Config{}, toyBody(3, tc.bug))
			require.NotNil(t, f)
			require.Equal(t, tc.reason, f.Reason)
			require.Contains(t, f.String(), fmt.Sprintf("with %d of at most 2 preemptions", tc.preemptions),
				"the first failure is one with the fewest")

			f = Find(t, Config{Random: 2000}, toyBody(5, tc.bug))
			require.NotNil(t, f)
			require.Contains(t, []string{planted[0].reason, tc.reason}, f.Reason, "others can get stuck as well")
		})
	}
}

func TestReplayReproduces(t *testing.T) {
	for _, tc := range planted {
		t.Run(tc.bug, func(t *testing.T) {
			for _, cfg := range []Config{{}, {Random: 2000}} {
				f := Find(t, cfg, toyBody(3, tc.bug))
				require.NotNil(t, f)
				again := replayed(t, f.Trace, toyBody(3, tc.bug))
				require.NotNil(t, again)
				require.Equal(t, 1, again.Schedules)
				require.Equal(t, []string{f.Reason, f.Trace, f.Steps}, []string{again.Reason, again.Trace, again.Steps})
			}
		})
	}
}

func TestReplayGoesOnWithoutPreemption(t *testing.T) {
	require.Equal(t, []string{"b*3,a*3"}, traces(t, &replay{trace: []string{"b"}}, 1, func(x *Exec) {
		threads(x, 3, "a", "b")
	}))
}

func replayed(t *testing.T, trace string, body func(x *Exec)) *Failure {
	*replayFlag = trace
	defer func() { *replayFlag = "" }()
	return Find(t, Config{}, body)
}

// How much of the tree a planted bug spoils: it is not found by luck.
func TestManySchedulesShowTheBug(t *testing.T) {
	for _, tc := range planted {
		failing, all := 0, 0
		for s, more := (&depthFirst{limit: 2}), true; more; {
			if runAlone(t, toyBody(2, tc.bug), s).reason != "" {
				failing++
			}
			var fresh bool
			if fresh, more = s.ran(); fresh {
				all++
			}
		}
		t.Logf("%d of %d: %s", failing, all, tc.bug)
		require.Greater(t, failing, all/100)
	}
}

// runAlone is runOnce outside of an exploration.
func runAlone(t *testing.T, body func(x *Exec), s scheduler) *Exec {
	exploring.Lock()
	defer exploring.Unlock()
	return runOnce(t, body, s)
}

func TestTrace(t *testing.T) {
	for trace, want := range map[string]string{
		"a":                   "a",
		"a*3,1ms passes,b*12": "aaa1ms passesbbbbbbbbbbbb",
	} {
		names, err := decode(trace)
		require.NoError(t, err)
		require.Equal(t, want, strings.Join(names, ""))
		var steps []step
		for _, name := range names {
			steps = append(steps, step{name: name})
		}
		require.Equal(t, trace, encode(steps))
	}
	for _, trace := range []string{"a*", "a*0", "a*-1", "a*b", "a*99999999", "b,a*2*2"} {
		_, err := decode(trace)
		require.Error(t, err, trace)
	}
}

func TestFailureText(t *testing.T) {
	f := Find(t, Config{}, func(x *Exec) {
		x.Go("first", func() { Point("in between") })
		x.Go("second", func() { x.Failf("broken %d", 1) })
		x.Go("third", func() { <-x.Context().Done() })
	})
	require.NotNil(t, f)
	require.Equal(t, fmt.Sprintf(`broken 1

Schedule 1, with 0 of at most 2 preemptions:

 step  thread  went on from
    1  first   start
    2  first   in between
    3  second  start
       first has ended
       second has ended
       third is at "start"

To run it again: go test -tags explore -run '^%s$' -explore.replay='first*2,second'`, t.Name()), f.String())
}
