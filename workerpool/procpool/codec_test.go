//go:build unix

package procpool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

func TestUndefinedInTheWorker(t *testing.T) {
	p := newPool(t, 1)
	_, err := procpool.Call(t.Context(), p, onlyHere, 1)
	require.ErrorIs(t, err, procpool.ErrUndefined)
	require.Contains(t, err.Error(), "only in the pool")
	_, err = procpool.Call(t.Context(), p, double, 1)
	require.NoError(t, err)
	require.Equal(t, int64(1), p.Stats().Started)
}

// A message that cannot be encoded or decoded fails its task; the streams go on.
func TestBrokenMessagesDoNotBreakTheStream(t *testing.T) {
	p := newPool(t, 1)
	for range 2 {
		for text, want := range map[string]string{
			"not encodable":             "the request for picky cannot be encoded: no code",
			"encoding panics":           "panic: no code at all",
			"not encodable reply":       "the reply of picky cannot be encoded: no code",
			"not decodable":             "the request of picky cannot be decoded: no sense",
			"not decodable reply":       "the reply of picky cannot be decoded: no sense",
			"decoding panics":           "panic: no sense at all",
			"decoding the reply panics": "panic: no sense at all",
		} {
			_, err := procpool.Call(t.Context(), p, picky, value{text})
			require.ErrorContains(t, err, want)
			got, err := procpool.Call(t.Context(), p, picky, value{"fine"})
			require.NoError(t, err, text)
			require.Equal(t, "fine", got.Text)
			n, err := procpool.Call(t.Context(), p, double, 4)
			require.NoError(t, err, text)
			require.Equal(t, 8, n)
		}
	}
	require.Equal(t, int64(3), p.Stats().Started, "but for the two panics in the worker")
}

// What describes the type is lost with the first value.
func TestFirstRequestCannotBeEncoded(t *testing.T) {
	p := newPool(t, 1)
	_, err := procpool.Call(t.Context(), p, picky, value{"not encodable"})
	require.ErrorContains(t, err, "no code")
	got, err := procpool.Call(t.Context(), p, picky, value{"fine"})
	require.NoError(t, err)
	require.Equal(t, "fine", got.Text)
	require.Equal(t, int64(1), p.Stats().Started)
}
