package procpool

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// local is a worker in this process, for what a test wants to see from both ends.
type local struct {
	enc     encoder
	in      *io.PipeWriter
	answers *io.PipeReader
	replies *bufio.Reader // of answers
	over    chan struct{}
}

func newLocal(t *testing.T, limit func(int64, int64) error) *local {
	in, requests := io.Pipe()
	answers, out := io.Pipe()
	l := &local{in: requests, answers: answers, replies: bufio.NewReader(answers), over: make(chan struct{})}
	go func() {
		defer close(l.over)
		serve(in, out, limit)
	}()
	t.Cleanup(func() {
		requests.Close()
		<-l.over
		answers.Close()
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

// exchanged is a task, and the reply that it is to have.
type exchanged struct {
	name string
	v    any
	a, b int64
	kind byte
	text string
}

func (e exchanged) check(t *testing.T) {
	l := newLocal(t, func(memory, cpu int64) error {
		if memory != 5 || cpu != 6 {
			return errors.New("wrong limits")
		}
		return nil
	})
	l.send(t, helloFrame, 0, 1, 5, 6, "", nil)
	require.Equal(t, byte(doneFrame), l.receive(t).kind)
	for id := range uint64(2) {
		l.send(t, taskFrame, 0, id+2, e.a, e.b, e.name, e.v)
		f := l.receive(t)
		require.Equal(t, e.kind, f.kind)
		require.Equal(t, id+2, f.id)
		require.Contains(t, string(f.payload), e.text)
		if e.kind != panicFrame {
			require.Positive(t, f.a, "CPU time")
		}
	}
}

func TestServe(t *testing.T) {
	for name, e := range map[string]exchanged{
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
		t.Run(name, func(t *testing.T) { synctest.Test(t, e.check) })
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

// A task that runs ends at once when it is told to, unless what tells it is its own time,
// which it knows.
func TestCancelOfWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLocal(t, nil)
		for id, told := range []byte{canceled, deadline} {
			id := uint64(id + 1)
			start := time.Now()
			l.send(t, taskFrame, 0, id, int64(time.Hour), 0, "waits", &box[bool]{true})
			synctest.Wait()
			l.send(t, cancelFrame, told, id, 0, 0, "", nil)
			f := l.receive(t)
			require.Equal(t, told|ended, f.flags)
			if told == canceled {
				require.Zero(t, time.Since(start))
			} else {
				require.Equal(t, time.Hour, time.Since(start))
			}
		}
	})
}

var counted int

var _ = Define("counts", func(context.Context, struct{}) (int, error) { counted++; return counted, nil })

// A worker whose replies nobody reads runs no more tasks.
func TestServeForNobody(t *testing.T) {
	counted = 0
	synctest.Test(t, func(t *testing.T) {
		l := newLocal(t, nil)
		l.answers.Close()
		for id := range uint64(3) {
			l.send(t, taskFrame, 0, id+1, 0, 0, "counts", nil)
		}
		synctest.Wait()
		require.Equal(t, 1, counted)
	})
}
