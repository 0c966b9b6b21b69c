//go:build unix

package procpool_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

func TestOutputOfTasksDoesNotDisturbTheProtocol(t *testing.T) {
	var out safeBuffer
	p := newPool(t, 1, procpool.Output(&out))
	for range 3 {
		_, err := procpool.Call(t.Context(), p, print, "hello")
		require.NoError(t, err)
	}
	require.NoError(t, p.Shutdown(t.Context()))
	require.Equal(t, 3, strings.Count(out.String(), "out hello\n"))
	require.Equal(t, 3, strings.Count(out.String(), "err hello\n"))
}

// safeBuffer is a buffer that several goroutines can write to.
type safeBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
