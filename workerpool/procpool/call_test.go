//go:build unix

package procpool_test

import (
	"context"
	"io"
	"strings"
	"sync"
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
	require.Contains(t, string(panicked.Stack), "functions_test.go", "where it began")
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

func TestWorkerCanHaveWorkers(t *testing.T) {
	p := newPool(t, 1)
	got, err := procpool.Call(t.Context(), p, children, 21)
	require.NoError(t, err)
	require.Equal(t, 42, got)
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
