package procpool_test

import (
	"context"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

// deathSignal is what the system sends to this process when its parent dies. That is
// known to the first thread, which variables are initialised on.
var deathSignal = func() (sig int32) {
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0)
	return sig
}()

var getDeathSignal = procpool.Define("death signal", func(context.Context, none) (syscall.Signal, error) {
	return syscall.Signal(deathSignal), nil
})

// The first line of defence; the second one is TestProcessEndsWithItsPipe.
func TestSystemKillsWorkersOfADeadPool(t *testing.T) {
	p := newPool(t, 1)
	sig, err := procpool.Call(t.Context(), p, getDeathSignal, none{})
	require.NoError(t, err)
	require.Equal(t, syscall.SIGKILL, sig)
}
