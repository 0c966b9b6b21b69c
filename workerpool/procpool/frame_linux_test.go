package procpool

import (
	"math"
	"math/bits"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The memory is promised only, and never touched.
func TestFrameThatIsTooLarge(t *testing.T) {
	if bits.UintSize == 32 {
		t.Skip("there is nothing as large")
	}
	most := uint64(headerSize + math.MaxUint32)
	out, err := syscall.Mmap(-1, 0, int(most+1), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		t.Skip("so much memory cannot even be promised: ", err)
	}
	defer func() { require.NoError(t, syscall.Munmap(out)) }()
	require.ErrorIs(t, closeFrame(out, 0, 0), errTooLarge)
	require.NoError(t, closeFrame(out[:most], 0, 0))
	require.NoError(t, closeFrame(out, 1, 0))
}
