//go:build unix

package procpool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

func TestCall(t *testing.T) {
	p := newPool(t, 1)
	for n := range 100 {
		got, err := procpool.Call(t.Context(), p, double, n)
		require.NoError(t, err)
		require.Equal(t, 2*n, got)
	}
	require.Equal(t, procpool.Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 100, Done: 100, Started: 1}, p.Stats())
	require.Equal(t, "double", double.Name())
}

// Ten requests of a megabyte each, at the same time, both ways.
func TestLargeMessages(t *testing.T) {
	p := newPool(t, 2)
	big := strings.Repeat("interleave", 1<<17)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			got, err := procpool.Call(t.Context(), p, picky, value{big})
			if err != nil || got.Text != big {
				t.Errorf("%d bytes, %v", len(got.Text), err)
			}
		})
	}
	wg.Wait()
}

func TestErrorsOfTheFunction(t *testing.T) {
	p := newPool(t, 1)
	_, err := procpool.Call(t.Context(), p, fails, "out of cheese")
	var remote *procpool.RemoteError
	require.ErrorAs(t, err, &remote)
	require.Equal(t, "out of cheese", err.Error())
	require.Equal(t, "*errors.errorString", remote.Type)
	require.Equal(t, "fails", remote.Func)
	require.NotErrorIs(t, err, context.Canceled)
	_, err = procpool.Call(t.Context(), p, fails, "canceled")
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, "wrapped: context canceled", err.Error())
	_, err = procpool.Call(t.Context(), p, fails, "deadline")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, procpool.Stats{Limit: 1, Workers: 1, Idle: 1, Submitted: 3, Failed: 3, Started: 1}, p.Stats())
}

func TestPanicIsReportedAndTheWorkerReplaced(t *testing.T) {
	p := newPool(t, 1)
	_, err := procpool.Call(t.Context(), p, panics, "bug")
	var panicked *procpool.PanicError
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, "bug", panicked.Value)
	require.Contains(t, string(panicked.Stack), "main_test.go", "where it began")
	_, err = procpool.Call(t.Context(), p, nasty, none{})
	require.ErrorAs(t, err, &panicked)
	require.Contains(t, panicked.Value, "no text")
	_, err = procpool.Call(t.Context(), p, double, 1)
	require.NoError(t, err)
	require.Equal(t, int64(3), p.Stats().Started)
}

func TestGoexitIsAnOutcomeOfItsOwn(t *testing.T) {
	p := newPool(t, 1)
	for range 3 {
		_, err := procpool.Call(t.Context(), p, goexit, none{})
		require.ErrorIs(t, err, procpool.ErrGoexit)
		got, err := procpool.Call(t.Context(), p, double, 2)
		require.NoError(t, err)
		require.Equal(t, 4, got)
	}
	require.Equal(t, int64(1), p.Stats().Started)
}

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

func TestInit(t *testing.T) {
	p := newPool(t, 1, procpool.Init(prepare, 42), procpool.MaxTasks(2))
	for range 5 {
		got, err := procpool.Call(t.Context(), p, reveal, none{})
		require.NoError(t, err)
		require.Equal(t, 42, got, "once in each worker")
	}
	require.Equal(t, int64(3), p.Stats().Started)
	require.Equal(t, int64(5), p.Stats().Submitted, "it is no task")
}

func TestFailingInitBreaksThePool(t *testing.T) {
	for name, test := range map[string]struct {
		opt  procpool.Option
		want string
	}{
		"error":     {procpool.Init(prepare, -1), "nothing to prepare"},
		"panic":     {procpool.Init(panics, "bug"), "panic: bug"},
		"exit":      {procpool.Init(exit, 5), "exit status 5: leaving with 5"},
		"goexit":    {procpool.Init(goexit, none{}), "Goexit"},
		"undefined": {procpool.Init(onlyHere, 5), "not defined in the worker"},
		"codec":     {procpool.Init(picky, value{"not encodable"}), "no code"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, 2, test.opt)
			for i := range 5 {
				_, err := procpool.Call(t.Context(), p, double, 1)
				var start *procpool.StartError
				require.ErrorAs(t, err, &start)
				require.ErrorContains(t, err, test.want)
				require.Equal(t, i >= 2, errors.Is(err, procpool.ErrBroken))
			}
			p.Close()
			noChildren(t)
		})
	}
}

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

func TestWorkerCanHaveWorkers(t *testing.T) {
	p := newPool(t, 1)
	got, err := procpool.Call(t.Context(), p, children, 21)
	require.NoError(t, err)
	require.Equal(t, 42, got)
}

// The sum holds, and no more than the limit run, at every instant.
func TestStatsAtEveryInstant(t *testing.T) {
	p := newPool(t, 2, procpool.MaxTasks(50))
	stop := make(chan struct{})
	var watch, wg sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			st := p.Stats()
			if st.Submitted != st.Waiting+st.Running+st.Done+st.Failed+st.Cancelled ||
				st.Running > int64(st.Limit) || st.Workers > st.Limit || st.Waiting < 0 || st.Running < 0 {
				t.Errorf("inconsistent: %v", st)
				return
			}
			runtime.Gosched()
		}
	})
	var failed, done, cancelled int64
	var mu sync.Mutex
	for g := range 8 {
		wg.Go(func() {
			for i := range 40 {
				ctx, cancel := context.WithCancel(t.Context())
				n := i
				if i%20 == g {
					n = -1
				}
				if i%10 == 3 {
					go cancel()
				}
				got, err := procpool.Call(ctx, p, mayExit, n)
				mu.Lock()
				switch {
				case err == nil && got == n:
					done++
				case errors.Is(err, context.Canceled):
					cancelled++
				case n < 0:
					failed++
				default:
					t.Errorf("%d, %v", got, err)
				}
				mu.Unlock()
				cancel()
			}
		})
	}
	wg.Wait()
	close(stop)
	watch.Wait()
	st := p.Stats()
	require.Equal(t, done, st.Done)
	require.GreaterOrEqual(t, cancelled, st.Cancelled, "a context that has ended is not accepted")
	require.Equal(t, failed, st.Failed)
	require.NoError(t, p.Shutdown(t.Context()))
	noChildren(t)
}

func BenchmarkCall(b *testing.B) {
	p := procpool.New(1, procpool.Output(io.Discard))
	defer p.Close()
	for i := 0; b.Loop(); i++ {
		if got, err := procpool.Call(b.Context(), p, double, i); err != nil || got != 2*i {
			b.Fatal(got, err)
		}
	}
}
