//go:build explore

package explore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUncovered(t *testing.T) {
	Check(t, Config{}, func(x *Exec) {
		x.Go("a", func() { Point("covered") })
		x.Go("b", func() {})
	})
	file := filepath.Join("testdata", "points", "points.go")
	faults, err := uncovered(filepath.Dir(file))
	require.NoError(t, err)
	require.Equal(t, []string{
		file + `:9:16: nothing ever happened while a thread was at Point "left out"`,
		file + `:10:16: two Points are named "covered"`,
		file + ":11:16: the name of a Point is not a literal",
	}, faults)

	_, err = uncovered("testdata")
	require.EqualError(t, err, "explore: no Point in testdata")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.go"), []byte("package"), 0o600))
	_, err = uncovered(dir)
	require.ErrorContains(t, err, "broken.go")
}

// Only what happens while a thread is at the Point covers it.
func TestCovered(t *testing.T) {
	Check(t, Config{}, func(x *Exec) {
		x.Go("a", func() { Point("a thread ran") })
		x.Go("b", func() {})
	})
	Check(t, Config{}, func(x *Exec) {
		x.Go("a", func() { Point("an event happened") })
		x.Event("e", func() {})
	})
	Check(t, Config{}, func(x *Exec) {
		x.Go("a", func() { Point("alone") })
	})
	require.True(t, covered["a thread ran"])
	require.True(t, covered["an event happened"])
	require.False(t, covered["alone"])
}
