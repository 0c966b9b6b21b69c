package mapreduce

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file that is cut short or overwritten is an error, not fewer results or a panic.
func TestCorruptFiles(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, dir string) (*run[[]Result[string, string], string, string, []string], *sorted) {
		job := listing[string, string]()
		job.TempDir, job.Partitions = dir, 1
		r := newRun(t.Context(), newPool(t, 1), job, osDisk{})
		table := newListed(newSizes[string, string](nil))
		for i := range 20 {
			table.add(i, fmt.Sprint("key", i/2), strings.Repeat("v", i*i))
		}
		require.NoError(t, r.spill(table))
		return r, r.runs[0]
	}
	read := func(r *run[[]Result[string, string], string, string, []string], s *sorted) (n int, err error) {
		files, err := r.openAll([]*sorted{s})
		if err != nil {
			return 0, err
		}
		defer files[0].Close()
		m := newMerger(r.cursors(files, []*sorted{s}, 0))
		for m.current() != nil {
			n++
			m.next()
		}
		return n, m.err
	}
	r, s := write(t, emptyDir(t))
	defer r.end()
	data, err := os.ReadFile(s.path)
	require.NoError(t, err)
	n, err := read(r, s)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	for size := 0; size < len(data); size += 1 + size/50 {
		require.NoError(t, os.WriteFile(s.path, data[:size], 0o600))
		_, err = read(r, s)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, size)
	}
	for at := 0; at < len(data); at += 1 + at/50 {
		bad := slices.Clone(data)
		bad[at] = 0xff
		require.NoError(t, os.WriteFile(s.path, bad, 0o600))
		_, _ = read(r, s) // may be an error, must not be a panic
	}
	huge := slices.Clone(data)
	copy(huge[1:], "\xff\xff\xff\xff\xff\xff\x7f")
	require.NoError(t, os.WriteFile(s.path, huge, 0o600))
	_, err = read(r, s)
	require.ErrorIs(t, err, errCorrupt)
}
