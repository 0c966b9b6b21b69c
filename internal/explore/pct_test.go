//go:build explore

package explore

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeedRepeatsSchedules(t *testing.T) {
	sequence := func(seed uint64) (all []string) {
		f, _ := explore(t, newPCT(seed, 2), 50, func(x *Exec) {
			threads(x, 5, "a", "b", "c")
			x.Finally(func() error {
				all = append(all, encode(x.steps))
				return nil
			})
		})
		require.Nil(t, f)
		return all
	}
	require.Equal(t, sequence(1), sequence(1))
	require.NotEqual(t, sequence(1), sequence(2))

	*seedFlag = 7
	defer func() { *seedFlag = 0 }()
	f := Find(t, Config{Random: 2000}, toyBody(3, doubleGrant))
	require.NotNil(t, f)
	require.Contains(t, f.String(), "random, 2 changes of priority, -explore.seed=7:")
	again := Find(t, Config{Random: 2000}, toyBody(3, doubleGrant))
	require.Equal(t, f.String(), again.String())
	*seedFlag = 0
	s, _, err := Config{Random: 1}.scheduler()
	require.NoError(t, err)
	require.NotZero(t, s.(*pct).seed)
}

// A bug that takes d orderings among k steps of n threads is met with a
// probability of at least 1/(n*k^(d-1)).
func TestRandomSchedulesMeetTheirBound(t *testing.T) {
	const runs, n, steps = 4000, 2, 10
	for _, tc := range []struct {
		drops int
		k     float64
	}{{1, steps + 1}, {2, steps + 2}} {
		hits := 0
		f, _ := explore(t, newPCT(1, tc.drops), runs, func(x *Exec) {
			at := 0
			x.Go("a", func() {
				for range steps - 1 {
					Point("between")
					at++
				}
			})
			x.Go("b", func() {
				hit := at == 5 // a is stopped in the middle
				if tc.drops == 2 {
					Point("in the middle of a")
					hit = hit && at == steps-1 // and b by the rest of a
				}
				if hit {
					hits++
				}
			})
		})
		require.Nil(t, f)
		want := runs / (n * math.Pow(tc.k, float64(tc.drops)))
		t.Logf("%d changes of priority: %d hits, at least %.1f expected", tc.drops, hits, want)
		require.Greater(t, float64(hits), want*3/4)
	}
}

// Without a change of priority, threads run in the order of their priorities.
func TestPrioritiesAreRandom(t *testing.T) {
	got := traces(t, &pct{seed: 1, random: rand.New(rand.NewPCG(1, 1)), rank: map[string]int{}}, 200, func(x *Exec) {
		threads(x, 3, "a", "b", "c")
		x.Event("e", func() {})
	})
	require.Contains(t, got, "a*3,b*3,c*3")
	require.Contains(t, got, "c*3,e,b*3,a*3")
	require.Len(t, got, 24, "the orders of three threads and an event")
}
