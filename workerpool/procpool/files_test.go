//go:build unix

package procpool

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// LeaveFiles keeps this process from opening more than n files, until the function
// that it returns is called.
func LeaveFiles(n int) (restore func()) {
	// What polls is there from now on: it has files of its own.
	r, w, err := os.Pipe()
	must(errors.Join(err, r.Close(), w.Close()))
	var before syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	limit, end := before, lowestFree(n)
	for limit.Cur = 0; int(limit.Cur) < end; { // of another type on each system
		limit.Cur++
	}
	must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	return func() { must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)) }
}

// lowestFree returns the number that the file after the next n ones would have.
func lowestFree(n int) int {
	var fds []int
	for range n + 1 {
		fd, err := syscall.Dup(0)
		must(err)
		fds = append(fds, fd)
	}
	for _, fd := range fds {
		must(syscall.Close(fd))
	}
	return fds[n]
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A program that has no more files to open can start no worker, whichever of the files
// is the one that is missing. None is lost by that, and later the pool goes on.
func TestTooManyOpenFiles(t *testing.T) {
	double := Func[int, int]{lookup([]byte("double"))}
	LeaveFiles(0)()
	const some = 20 // to see what is lost behind the first one that is free
	before := lowestFree(some)
	failed := 0
	for n, err := 0, error(nil); n == 0 || err != nil; n++ {
		p := New(1)
		restore := LeaveFiles(n)
		_, err = Call(t.Context(), p, double, 1)
		restore()
		if err != nil {
			failed++
			var start *StartError
			require.ErrorAs(t, err, &start)
			require.ErrorIs(t, err, syscall.EMFILE)
		}
		got, again := Call(t.Context(), p, double, 2)
		require.NoError(t, again)
		require.Equal(t, 4, got)
		require.Equal(t, int64(1), p.Stats().Started)
		p.Close()
		require.Equal(t, before, lowestFree(some), "%d files", n)
	}
	require.Greater(t, failed, 4, "two for each pipe")
}
