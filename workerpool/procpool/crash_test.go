//go:build unix

package procpool_test

import (
	"bytes"
	"errors"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

// Whatever a process dies of fails one task, and the pool goes on.
func TestCrashFailsOneTask(t *testing.T) {
	p := newPool(t, 1)
	crashed := func(err error) *procpool.CrashError {
		t.Helper()
		var e *procpool.CrashError
		require.ErrorAs(t, err, &e)
		got, err := procpool.Call(t.Context(), p, double, 4)
		require.NoError(t, err)
		require.Equal(t, 8, got)
		return e
	}
	_, err := procpool.Call(t.Context(), p, exit, 3)
	e := crashed(err)
	require.Equal(t, "procpool: worker crashed in exit: exit status 3: leaving with 3", err.Error())
	require.Equal(t, procpool.CrashError{Func: "exit", ExitCode: 3, Reason: "leaving with 3", Stderr: []byte("leaving with 3\n")}, *e)

	_, err = procpool.Call(t.Context(), p, exit, 0)
	require.Zero(t, crashed(err).ExitCode, "to leave is no success")

	_, err = procpool.Call(t.Context(), p, suicide, none{})
	e = crashed(err)
	require.Equal(t, -1, e.ExitCode)
	require.Equal(t, syscall.SIGKILL, e.Signal)
	require.Len(t, e.Stderr, 8<<10, "bounded")
	require.True(t, bytes.HasSuffix(e.Stderr, []byte("xxlast words\n")))
	require.Contains(t, err.Error(), "signal: killed")
	require.NoError(t, errors.Unwrap(e))

	_, err = procpool.Call(t.Context(), p, crash, none{})
	require.Equal(t, 2, crashed(err).ExitCode)
	require.Contains(t, err.Error(), ": panic: nobody recovers this")

	_, err = procpool.Call(t.Context(), p, vandal, none{})
	crashed(err)
	require.Contains(t, err.Error(), "nonsense")
	require.Equal(t, procpool.Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 10, Done: 5, Failed: 5, Started: 6}, p.Stats())
}

func TestWorkerKilledWhileIdleIsReplaced(t *testing.T) {
	p := newPool(t, 1)
	id, err := procpool.Call(t.Context(), p, pid, none{})
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(id, syscall.SIGKILL))
	for range 1_000_000 { // until it has been waited for
		if syscall.Kill(id, 0) == syscall.ESRCH {
			break
		}
		runtime.Gosched()
	}
	for { // it may still be handed over, and take that task with it
		other, err := procpool.Call(t.Context(), p, pid, none{})
		var e *procpool.CrashError
		if errors.As(err, &e) {
			continue
		}
		require.NoError(t, err)
		require.NotEqual(t, id, other)
		break
	}
}
