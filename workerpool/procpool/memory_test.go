//go:build !race && linux

package procpool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

// The race detector needs many times the memory, and it would count.
func TestMemoryLimit(t *testing.T) {
	p := newPool(t, 1, procpool.MemoryLimit(256<<20))
	got, err := procpool.Call(t.Context(), p, hog, 100)
	require.NoError(t, err)
	require.Equal(t, 100, got)
	_, err = procpool.Call(t.Context(), p, hog, 400)
	var e *procpool.CrashError
	require.ErrorAs(t, err, &e)
	// What the memory lacks for can be the runtime's own, or a thread if the program uses cgo.
	require.Regexp(t, "out of memory|cannot allocate memory|pthread_create failed", e.Reason)
	require.LessOrEqual(t, len(e.Stderr), 8<<10)
	got, err = procpool.Call(t.Context(), p, hog, 100)
	require.NoError(t, err)
	require.Equal(t, 100, got)
}
