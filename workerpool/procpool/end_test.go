//go:build unix

package procpool_test

import (
	"bufio"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

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
