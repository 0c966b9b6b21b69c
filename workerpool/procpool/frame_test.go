package procpool

import (
	"bufio"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// A header can promise more than there is.
func TestFrameThatEndsEarly(t *testing.T) {
	out := openFrame(nil, taskFrame, 1, 0, 0, "name")
	out = append(out, "payload"...)
	require.NoError(t, closeFrame(out, 0, 0))
	for n := range out {
		_, err := readFrame(bufio.NewReader(newSlowReader(out[:n])), nil)
		require.Error(t, err)
	}
	f, err := readFrame(bufio.NewReader(newSlowReader(out)), nil)
	require.NoError(t, err)
	require.Equal(t, "name", string(f.name))
	require.Equal(t, "payload", string(f.payload))
}

type slowReader struct{ rest []byte }

func newSlowReader(b []byte) *slowReader { return &slowReader{b} }

func (r *slowReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:1], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
