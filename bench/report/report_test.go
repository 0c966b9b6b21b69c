package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each row of the table has the benchmarks that it compares, and each benchmark
// is in the table. They all run, once.
func TestRowsAndBenchmarksAgree(t *testing.T) {
	binary, remove, err := build(t.Context(), "..")
	require.NoError(t, err)
	defer remove()
	listed := make(map[string]bool)
	for _, row := range rowNames() {
		samples, err := measure(t.Context(), binary, row, 1, time.Nanosecond)
		require.NoError(t, err)
		require.Contains(t, samples, "ours", row)
		delete(samples, "ours")
		for _, target := range targets {
			if target.row == row {
				require.Contains(t, samples, target.other, row)
				delete(samples, target.other)
			}
		}
		require.Empty(t, samples, "%s: not in rows.tsv", row)
		listed[row] = true
	}
	files, err := filepath.Glob("../*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^func Benchmark(\w+)`).FindAllStringSubmatch(string(source), -1) {
			require.True(t, listed[match[1]], "%s: not in rows.tsv", match[1])
		}
	}
}

func TestUnknownRowIsAnError(t *testing.T) {
	_, err := parse([]byte("PASS\n"), "Nothing")
	require.EqualError(t, err, "Nothing: no benchmark of this name")
}

func TestParse(t *testing.T) {
	samples, err := parse([]byte(`goos: linux
BenchmarkSemaphoreUncontended/ours-2         	 100	        14.5 ns/op	       8 B/op	       2 allocs/op
BenchmarkSemaphoreUncontended/limit-cas      	 200	        11 ns/op
BenchmarkSemaphoreUncontendedToo/ours-2      	 100	        99 ns/op
PASS
`), "SemaphoreUncontended")
	require.NoError(t, err)
	require.Equal(t, map[string]sample{"ours": {Ns: 14.5, Allocs: 2}, "limit-cas": {Ns: 11}}, samples)
	samples, err = parse([]byte("BenchmarkActorIdleBytes/ours-2 1 30000 ns/op 232 B/op 2 allocs/op\n"), "ActorIdleBytes")
	require.NoError(t, err)
	require.Equal(t, map[string]sample{"ours": {Ns: 232, Allocs: 2}}, samples)
}

func ns(values ...float64) []sample {
	var list []sample
	for _, v := range values {
		list = append(list, sample{Ns: v})
	}
	return list
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	// Both became ten times as slow in the second round, and the ratio did not.
	r := results{"Row": {Samples: map[string][]sample{"ours": ns(10, 100, 12), "peer": ns(20, 200, 20)}}}
	c, ok := r.compare(target{"Row", "peer", 0.5})
	require.True(t, ok)
	require.Equal(t, 0.5, c.median)
	require.Equal(t, 0.5, c.least)
	require.Equal(t, 0.6, c.most)
	require.Equal(t, 12.0, c.ours)
	require.Equal(t, 20.0, c.theirs)
	require.True(t, c.met())
	require.False(t, c.noisy)
	r["Row"].Samples["ours"][0].Ns = 30
	c, _ = r.compare(target{"Row", "peer", 0.5})
	require.False(t, c.met())
	require.True(t, c.noisy)
	_, ok = r.compare(target{"Row", "other", 1})
	require.False(t, ok)
}

func TestMedian(t *testing.T) {
	require.Zero(t, median(nil))
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
}

// What misses its target, or was not measured, stays in the table.
func TestMissesAreVisible(t *testing.T) {
	r := results{"SemaphoreUncontended": {
		Environment: environment{Date: "2026-01-02", Machine: "a machine", Go: "go1.26", Peers: []string{"peer@v1"}},
		Samples:     map[string][]sample{"ours": ns(10, 10), "xsync": ns(10, 10), "limit-cas": ns(9, 9)},
	}}
	text := string(markdown(r))
	require.Contains(t, text, "| SemaphoreUncontended | xsync | 10 | 10 | 1.000 | 1.000 to 1.000 | 0.5 | **no** | 0 / 0 |")
	require.Contains(t, text, "| SemaphoreUncontended | limit-cas | 10 | 9 | 1.111 | 1.111 to 1.111 | 1.3 | yes | 0 / 0 |")
	for _, target := range targets {
		require.Contains(t, text, "| "+target.row+" | "+target.other+" |")
	}
	require.Contains(t, text, "**not measured**")
	require.Contains(t, text, "Measured 2026-01-02, 2 rounds, on a machine with go1.26, peer@v1.")
}

func TestRowsMeasuredApartSaySo(t *testing.T) {
	require.Equal(t, []string{"Measured then."}, merge([]string{"then.\x00A", "then.\x00B"}))
	require.Equal(t, []string{"A, C: measured then.", "B: measured later."},
		merge([]string{"then.\x00A", "later.\x00B", "then.\x00C"}))
}

// A run of some rows keeps the samples of the others.
func TestRowsThatAreNotMeasuredStay(t *testing.T) {
	dir := t.TempDir()
	old := results{"ConnpoolContended": {Environment: environment{Date: "2026-01-02"},
		Samples: map[string][]sample{"ours": ns(1), "puddle": ns(10)}}}
	require.NoError(t, old.save(filepath.Join(dir, "results.json")))
	loaded, err := load(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	require.Equal(t, old, loaded)
	require.NoError(t, drawAll(loaded, filepath.Join(dir, "charts")))
	svg, err := os.ReadFile(filepath.Join(dir, "charts", "connpool.svg"))
	require.NoError(t, err)
	require.Contains(t, string(svg), "Contended / puddle")
	require.Contains(t, string(svg), "0.10")
	require.NoFileExists(t, filepath.Join(dir, "charts", "semaphore.svg"))
	empty, err := load(filepath.Join(dir, "missing.json"))
	require.NoError(t, err)
	require.Empty(t, empty)
}

func TestGroups(t *testing.T) {
	require.Equal(t, "Semaphore", group("SemaphoreUncontended"))
	require.Equal(t, "Buffer", group("Buffer1p1c"))
	require.Panics(t, func() { parseTargets("row\tother\ttarget\nA\tB") })
	require.Panics(t, func() { parseTargets("row\tother\ttarget\nA\tB\tC") })
}

func TestEnvironment(t *testing.T) {
	env, err := lookAround(context.Background(), "..")
	require.NoError(t, err)
	require.Contains(t, strings.Join(env.Peers, " "), "github.com/jackc/puddle/v2@v")
	require.NotContains(t, strings.Join(env.Peers, " "), "interleave")
}
