//go:build unix

package procpool_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
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

func TestDeadlineReachesTheTask(t *testing.T) {
	p := newPool(t, 1, procpool.Grace(ever))
	path, running := fifo(t)
	go running()
	_, err := procpool.Call(t.Context(), p, double, 1) // so that the worker is there
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*soon)
	defer cancel()
	_, err = procpool.Call(ctx, p, obedient, path)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "deadline known: true")
	require.Equal(t, int64(1), p.Stats().Cancelled)
}

func TestTimeoutOfThePool(t *testing.T) {
	for range 3 {
		p := newPool(t, 1, procpool.Grace(ever), procpool.Timeout(soon))
		path, running := fifo(t)
		go running()
		_, err := procpool.Call(t.Context(), p, obedient, path)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, int64(1), p.Stats().Cancelled)
		require.Equal(t, 1, p.Stats().Idle)
	}
}

// What a goroutine does not have: an end for code that does not listen.
func TestDeafTaskIsKilledAndReplaced(t *testing.T) {
	for name, opts := range map[string][]procpool.Option{
		"canceled": {procpool.Grace(soon)},
		"timeout":  {procpool.Grace(soon), procpool.Timeout(soon)},
	} {
		p := newPool(t, 1, opts...)
		path, running := fifo(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		want := context.DeadlineExceeded
		if name == "canceled" {
			want = context.Canceled
			go func() {
				running()
				cancel()
			}()
		} else {
			go running()
		}
		_, err := procpool.Call(ctx, p, deaf, path)
		require.ErrorIs(t, err, want)
		var e *procpool.CrashError
		require.ErrorAs(t, err, &e)
		require.Equal(t, syscall.SIGKILL, e.Signal)
		require.Equal(t, want, e.Cause)
		require.Contains(t, err.Error(), "killed in deaf")
		got, err := procpool.Call(t.Context(), p, double, 3)
		require.NoError(t, err)
		require.Equal(t, 6, got)
		require.Equal(t, procpool.Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 2, Done: 1, Cancelled: 1, Started: 2}, p.Stats())
	}
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

func TestCloseKillsWhatRuns(t *testing.T) {
	p := newPool(t, 2, procpool.Grace(ever))
	var wg sync.WaitGroup
	for range 2 {
		path, running := fifo(t)
		wg.Go(func() {
			_, err := procpool.Call(t.Context(), p, deaf, path)
			var e *procpool.CrashError
			if !errorsAs(err, &e) || e.Cause != procpool.ErrClosed {
				t.Error(err)
			}
		})
		running()
	}
	waits := make(chan error, 1)
	go func() {
		_, err := procpool.Call(t.Context(), p, double, 1)
		waits <- err
	}()
	for p.Stats().Waiting == 0 {
		runtime.Gosched()
	}
	p.Close()
	noChildren(t)
	require.ErrorIs(t, <-waits, procpool.ErrClosed)
	wg.Wait()
	_, err := procpool.Call(t.Context(), p, double, 1)
	require.ErrorIs(t, err, procpool.ErrClosed)
	require.Equal(t, procpool.Stats{Limit: 2, Submitted: 3, Cancelled: 3, Started: 2, Closed: true}, p.Stats())
}

func TestCloseDuringTheStart(t *testing.T) {
	for i := range 20 {
		p := newPool(t, 1, procpool.Init(late, "/"), procpool.Grace(ever))
		over := make(chan error)
		go func() {
			_, err := procpool.Call(t.Context(), p, double, 1)
			over <- err
		}()
		for p.Stats().Workers == 0 {
			runtime.Gosched()
		}
		for range i * 100 {
			runtime.Gosched()
		}
		p.Close()
		require.ErrorIs(t, <-over, procpool.ErrClosed)
		noChildren(t)
	}
}

func TestIdleWorkersExit(t *testing.T) {
	p := newPool(t, 1, procpool.IdleTime(time.Millisecond))
	path, running := fifo(t)
	over := make(chan error)
	go func() {
		_, err := procpool.Call(t.Context(), p, opens, path)
		over <- err
	}()
	running() // returns when the worker's end is closed: when it is gone
	require.NoError(t, <-over)
	for p.Stats().Workers > 0 {
		runtime.Gosched()
	}
	noChildren(t)
}

// The pool's process is killed and can do nothing about its worker any more.
func TestNoWorkerSurvivesThePool(t *testing.T) {
	path, _ := fifo(t)
	parent := again(t, "parent", path)
	require.NoError(t, parent.Start())
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.SetReadDeadline(time.Now().Add(time.Minute)))
	r := bufio.NewReader(f)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	id, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.NotEqual(t, parent.Process.Pid, id)
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	_, err = r.ReadByte()
	require.Equal(t, io.EOF, err, "the worker's end of the pipe is closed, since it is dead")
}

func TestProgramWhoseFileIsGone(t *testing.T) {
	here, err := os.Executable()
	require.NoError(t, err)
	cmd := again(t, "removed", "")
	cmd.Path = t.TempDir() + "/copy"
	cmd.Args[0] = cmd.Path
	if os.Link(here, cmd.Path) != nil {
		program, err := os.ReadFile(here)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(cmd.Path, program, 0o700))
	}
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, "42 <nil>", string(out))
}

func TestMainForgotten(t *testing.T) {
	out, err := again(t, "forgetful", "").Output()
	require.NoError(t, err)
	require.Equal(t, "procpool: call procpool.Main at the top of main or TestMain", string(out))
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
