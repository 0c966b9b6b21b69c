//go:build unix

package procpool_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

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
