//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

const (
	soon = 20 * time.Millisecond
	ever = time.Hour
)

// A task that obeys its context ends in peace, and its worker goes on.
func TestCancelledTaskMayEndByItself(t *testing.T) {
	p := newPool(t, 1, procpool.Grace(ever))
	for _, fn := range []procpool.Func[string, string]{obedient, sulky, late} {
		path, running := fifo(t)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			running()
			cancel()
		}()
		got, err := procpool.Call(ctx, p, fn, path)
		if fn == late {
			require.NoError(t, err, "a reply is not thrown away")
			require.Equal(t, "late", got)
			continue
		}
		require.ErrorIs(t, err, context.Canceled)
		var remote *procpool.RemoteError
		require.ErrorAs(t, err, &remote)
		if fn == sulky {
			require.ErrorContains(t, err, "interrupted")
		}
	}
	require.Equal(t, procpool.Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 3, Done: 1, Cancelled: 2, Started: 1}, p.Stats())
}

// patiently calls fn with more and more time until it returns true: how soon a process comes
// to do something is up to the system.
func patiently(t *testing.T, fn func(d time.Duration) bool) {
	t.Helper()
	for d := soon; !fn(d); d *= 2 {
		require.Less(t, d, time.Minute)
	}
}

// nowhere is what a task is given that need not tell that it runs.
const nowhere = ""

func TestDeadlineReachesTheTask(t *testing.T) {
	p := newPool(t, 1, procpool.Grace(ever))
	ctx, cancel := context.WithTimeout(t.Context(), ever)
	defer cancel()
	left, err := procpool.Call(ctx, p, timeLeft, none{})
	require.NoError(t, err)
	require.Less(t, left, ever)
	require.Greater(t, left, ever-time.Minute)
	late := int64(0)
	patiently(t, func(d time.Duration) bool {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		_, err := procpool.Call(ctx, p, obedient, nowhere)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		late++
		return strings.Contains(err.Error(), "deadline known: true") // otherwise it was not begun
	})
	require.Equal(t, late, p.Stats().Cancelled)
}

func TestTimeoutOfThePool(t *testing.T) {
	for range 3 {
		p := newPool(t, 1, procpool.Grace(ever), procpool.Timeout(soon))
		_, err := procpool.Call(t.Context(), p, obedient, nowhere)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, int64(1), p.Stats().Cancelled)
		require.Equal(t, 1, p.Stats().Idle)
	}
}

// What a goroutine does not have: an end for code that does not listen.
func TestDeafTaskIsKilledAndReplaced(t *testing.T) {
	killed := func(t *testing.T, p *procpool.Pool, err error, want error) {
		t.Helper()
		require.ErrorIs(t, err, want)
		var e *procpool.CrashError
		require.ErrorAs(t, err, &e)
		require.Equal(t, syscall.SIGKILL, e.Signal)
		require.Equal(t, want, e.Cause)
		require.Contains(t, err.Error(), "killed in deaf")
		require.Equal(t, procpool.Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 2, Done: 1, Cancelled: 1, Started: 2}, p.Stats())
	}
	t.Run("canceled", func(t *testing.T) {
		p := newPool(t, 1, procpool.Grace(soon))
		path, running := fifo(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			running()
			cancel()
		}()
		_, err := procpool.Call(ctx, p, deaf, path)
		got, next := procpool.Call(t.Context(), p, double, 3)
		require.NoError(t, next)
		require.Equal(t, 6, got)
		killed(t, p, err, context.Canceled)
	})
	t.Run("timeout", func(t *testing.T) {
		patiently(t, func(d time.Duration) bool {
			p := newPool(t, 1, procpool.Grace(soon), procpool.Timeout(d))
			_, err := procpool.Call(t.Context(), p, deaf, nowhere)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			got, next := procpool.Call(t.Context(), p, double, 3)
			var e *procpool.CrashError
			if errors.Is(next, context.DeadlineExceeded) || !errors.As(err, &e) {
				return false // one was not begun in time
			}
			require.NoError(t, next)
			require.Equal(t, 6, got)
			killed(t, p, err, context.DeadlineExceeded)
			return true
		})
	})
}

// stop stops a worker, and returns when it has stopped: a signal takes its time.
func stop(t *testing.T, id int) {
	t.Helper()
	require.NoError(t, syscall.Kill(id, syscall.SIGSTOP))
	var status syscall.WaitStatus
	_, err := syscall.Wait4(id, &status, syscall.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, status.Stopped())
}

// One that has been stopped does not read either: not even the request, if that
// does not fit into the pipe.
func TestStoppedWorkerIsKilled(t *testing.T) {
	for _, size := range []int{1, 10 << 20} {
		p := newPool(t, 1, procpool.Grace(soon))
		id, err := procpool.Call(t.Context(), p, pid, none{})
		require.NoError(t, err)
		stop(t, id)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for p.Stats().Running == 0 {
				runtime.Gosched()
			}
			cancel()
		}()
		_, err = procpool.Call(ctx, p, picky, value{strings.Repeat("x", size)})
		require.ErrorIs(t, err, context.Canceled)
		// And it cannot keep the pool from being shut down.
		id, err = procpool.Call(t.Context(), p, pid, none{})
		require.NoError(t, err)
		stop(t, id)
		require.NoError(t, p.Shutdown(t.Context()))
		noChildren(t)
	}
}

func TestCPULimit(t *testing.T) {
	p := newPool(t, 1, procpool.CPULimit(300*time.Millisecond))
	_, err := procpool.Call(t.Context(), p, spin, none{})
	var e *procpool.CrashError
	require.ErrorAs(t, err, &e)
	require.Equal(t, syscall.SIGKILL, e.Signal)
	require.NoError(t, e.Cause)
	// One that has used what a task is granted is replaced before the next task.
	_, err = procpool.Call(t.Context(), p, burn, 310*time.Millisecond)
	require.NoError(t, err)
	_, err = procpool.Call(t.Context(), p, double, 1)
	require.NoError(t, err)
	require.Equal(t, int64(3), p.Stats().Started)
}
