package panics

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func blowUp(value any) { panic(value) }

func recovered(value any) (err *PanicError) {
	defer func() { err = New(recover()) }()
	blowUp(value)
	return nil
}

func TestCarriesValueAndStack(t *testing.T) {
	err := recovered("boom")
	require.Equal(t, "boom", err.Value)
	require.Contains(t, string(err.Stack), "blowUp")
	require.True(t, strings.HasPrefix(err.Error(), "panic: boom\n\ngoroutine "))
	require.Empty(t, err.Unwrap())
	require.ErrorIs(t, recovered(io.EOF), io.EOF)
}

func TestKeepsTheFirstStack(t *testing.T) {
	first := recovered("boom")
	require.Same(t, first, recovered(first))
}

func TestOthersAreReachable(t *testing.T) {
	first := recovered(io.EOF)
	require.Same(t, first, first.With(nil))
	second := recovered("second")
	all := first.With([]error{io.ErrNoProgress}).With([]error{second})
	require.Equal(t, []error{io.EOF, io.ErrNoProgress, second}, all.Unwrap())
	require.ErrorIs(t, all, io.ErrNoProgress)
	require.Contains(t, all.Error(), "\nand: multiple Read calls return no data or error\nand: panic: second\n\ngoroutine ")
	require.Empty(t, first.Others)
}
