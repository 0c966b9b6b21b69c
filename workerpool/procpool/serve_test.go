package procpool

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// local is a worker in this process, for what a test wants to see from both ends.
type local struct {
	enc     encoder
	in      *io.PipeWriter
	replies *bufio.Reader
	over    chan struct{}
}

func newLocal(t *testing.T, limit func(int64, int64) error) *local {
	in, requests := io.Pipe()
	replies, out := io.Pipe()
	l := &local{in: requests, replies: bufio.NewReader(replies), over: make(chan struct{})}
	go func() {
		defer close(l.over)
		serve(in, out, limit)
	}()
	t.Cleanup(func() {
		requests.Close()
		<-l.over
		replies.Close()
	})
	return l
}

func (l *local) send(t *testing.T, kind, flags byte, id uint64, a, b int64, name string, v any) {
	t.Helper()
	require.NoError(t, l.enc.append(kind, flags, id, a, b, name, v))
	_, err := l.in.Write(l.enc.out)
	require.NoError(t, err)
	l.enc.out = l.enc.out[:0]
}

func (l *local) receive(t *testing.T) frame {
	t.Helper()
	f, err := readFrame(l.replies, nil)
	require.NoError(t, err)
	return f
}

func TestServe(t *testing.T) {
	for name, test := range map[string]struct {
		name string
		v    any
		a, b int64
		kind byte
		text string
	}{
		"done":      {"double", &box[int]{4}, 0, 0, doneFrame, ""},
		"error":     {"fails", &box[string]{"deadline"}, 0, 0, errorFrame, context.DeadlineExceeded.Error()},
		"canceled":  {"fails", &box[string]{"canceled"}, 0, 0, errorFrame, "wrapped: context canceled"},
		"panic":     {"panics", &box[string]{"bug"}, 0, 0, panicFrame, "bug"},
		"goexit":    {"goexit", nil, 0, 0, goexitFrame, ""},
		"undefined": {"nonexistent", &box[int]{4}, 0, 0, undefinedFrame, ""},
		"too late":  {"double", &box[int]{4}, -1, 0, notRunFrame, ""},
		"timeout":   {"waits", &box[bool]{true}, math.MaxInt64, int64(time.Millisecond), errorFrame, "context deadline exceeded"},
		"within":    {"waits", &box[bool]{true}, int64(time.Millisecond), int64(time.Hour), errorFrame, "context deadline exceeded"},
		"decoding":  {"double", &box[string]{"four"}, 0, 0, errorFrame, "procpool: the request of double cannot be decoded"},
		"encoding":  {"unencodable", nil, 0, 0, errorFrame, "procpool: the reply of unencodable cannot be encoded"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLocal(t, func(memory, cpu int64) error {
				if memory != 5 || cpu != 6 {
					return errors.New("wrong limits")
				}
				return nil
			})
			l.send(t, helloFrame, 0, 1, 5, 6, "", nil)
			require.Equal(t, byte(doneFrame), l.receive(t).kind)
			for id := range uint64(2) {
				l.send(t, taskFrame, 0, id+2, test.a, test.b, test.name, test.v)
				f := l.receive(t)
				require.Equal(t, test.kind, f.kind)
				require.Equal(t, id+2, f.id)
				require.Contains(t, string(f.payload), test.text)
				if test.kind != panicFrame {
					require.Positive(t, f.a, "CPU time")
				}
			}
		})
	}
}

func TestServeWithoutLimits(t *testing.T) {
	l := newLocal(t, func(int64, int64) error { return errors.New("no limits here") })
	l.send(t, helloFrame, 0, 1, 5, 0, "", nil)
	require.Equal(t, "no limits here", string(l.receive(t).payload))
	l.send(t, cancelFrame, 0, 3, 0, 0, "", nil)
	l.send(t, taskFrame, renew, 2, 0, 0, "waits", &box[bool]{true})
	require.Equal(t, byte(notRunFrame), l.receive(t).kind, "it was ended before it came")
	l.send(t, taskFrame, 0, 4, 0, 0, "double", &box[int]{4})
	require.Equal(t, byte(doneFrame), l.receive(t).kind)
}

// A worker whose pool is gone exits although a task runs, and nobody kills it.
func TestProcessEndsWithItsPipe(t *testing.T) {
	set := defaults()
	set.grace = time.Hour
	c := newProcess(&set)
	require.NoError(t, c.start())
	require.NoError(t, c.enc.append(taskFrame, 0, 2, 0, 0, "spin", nil))
	c.write()
	c.end()
	c.end()
	require.NoError(t, c.cmd.Wait())
	require.True(t, c.cmd.ProcessState.Success())
	c.wait()
}

func TestProcessThatCannotBeStarted(t *testing.T) {
	set := defaults()
	c := newProcess(&set)
	c.cmd = exec.Command("/nonexistent/program")
	require.Error(t, c.launchCmd())
	c.end()
	c.kill(nil)
	c.wait()
	require.Nil(t, c.requests)
}

func TestProcessKilledBeforeItsStart(t *testing.T) {
	set := defaults()
	c := newProcess(&set)
	c.kill(ErrClosed)
	require.ErrorIs(t, c.start(), ErrClosed)
	c.wait()
}

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

func TestMisuse(t *testing.T) {
	for want, misuse := range map[string]func(){
		"procpool: number of workers is not positive":        func() { New(0) },
		"procpool: idle time is not positive":                func() { IdleTime(0) },
		"procpool: timeout is not positive":                  func() { Timeout(-1) },
		"procpool: grace is not positive":                    func() { Grace(0) },
		"procpool: number of tasks is not positive":          func() { MaxTasks(0) },
		"procpool: memory limit is not positive":             func() { MemoryLimit(0) },
		"procpool: limit of CPU time is not positive":        func() { CPULimit(0) },
		"procpool: size of a chunk is not positive":          func() { Chunk(0) },
		"procpool: nil writer":                               func() { Output(nil) },
		"procpool: nil function":                             func() { Define[int, int]("x", nil) },
		"procpool: function is not defined":                  func() { _ = Func[int, int]{}.Name() },
		"procpool: two functions with the name double":       func() { Define("double", echo) },
		"procpool: name of a function is empty or very long": func() { Define("", echo) },
		"procpool: defined too late defined after Main":      func() { Define("defined too late", echo) },
	} {
		require.PanicsWithValue(t, want, misuse)
	}
	require.Nil(t, lookup([]byte("defined too late")))
}

func echo(_ context.Context, n int) (int, error) { return n, nil }

func TestStatsAsText(t *testing.T) {
	st := Stats{Limit: 3, Workers: 2, Idle: 1, Submitted: 9, Running: 1, Waiting: 2, Done: 3, Failed: 2, Cancelled: 1, Started: 4, Closed: true}
	require.Equal(t, "limit=3 workers=2 idle=1 submitted=9 waiting=2 running=1 done=3 failed=2 cancelled=1 started=4 closed", st.String())
	require.Len(t, st.LogValue().Group(), 11)
	require.Equal(t, slog.KindGroup, st.LogValue().Kind())
}

func TestBecauseOf(t *testing.T) {
	err := errors.New("x")
	require.Equal(t, err, becauseOf(nil, err))
	require.Equal(t, err, becauseOf(err, err))
	require.ErrorIs(t, becauseOf(os.ErrExist, err), os.ErrExist)
	require.ErrorIs(t, becauseOf(os.ErrExist, err), err)
}
