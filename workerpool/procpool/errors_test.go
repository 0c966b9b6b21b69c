package procpool

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBecauseOf(t *testing.T) {
	err := errors.New("x")
	require.Equal(t, err, becauseOf(nil, err))
	require.Equal(t, err, becauseOf(err, err))
	require.ErrorIs(t, becauseOf(os.ErrExist, err), os.ErrExist)
	require.ErrorIs(t, becauseOf(os.ErrExist, err), err)
}

// What is no reply to a task is an error too, whoever sends it.
func TestErrorOfWhatIsNoError(t *testing.T) {
	for _, kind := range []byte{0, taskFrame, notRunFrame, 200} {
		require.ErrorIs(t, errorOf("f", frame{kind: kind}), errProtocol)
	}
}
