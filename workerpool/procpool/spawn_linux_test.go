package procpool

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExecutable(t *testing.T) {
	path, err := executable()
	require.NoError(t, err)
	here, err := os.Stat(path)
	require.NoError(t, err)
	path, err = executableBy(t.TempDir() + "/missing")
	require.NoError(t, err)
	there, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(here, there))
}
