package procpool

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTail(t *testing.T) {
	tl := tail{to: io.Discard}
	for _, part := range []string{"one\n\n", "tw", "o\n"} {
		_, _ = tl.Write([]byte(part))
	}
	reason, text := tl.last()
	require.Equal(t, "two", reason)
	require.Equal(t, "one\n\ntwo\n", string(text))
	_, _ = tl.Write([]byte("panic: "))
	_, _ = tl.Write([]byte("bug\n\ngoroutine 1\n"))
	_, _ = tl.Write(make([]byte, 3*maxTail))
	reason, text = tl.last()
	require.Equal(t, "panic: bug", reason)
	require.Equal(t, make([]byte, maxTail), text)
}
