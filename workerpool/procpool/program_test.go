//go:build unix

package procpool_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramWhoseFileIsGone(t *testing.T) {
	here, err := os.Executable()
	require.NoError(t, err)
	cmd := again(t, "removed", "")
	cmd.Path = t.TempDir() + "/copy"
	cmd.Args[0] = cmd.Path
	if os.Link(here, cmd.Path) != nil {
		program, err := os.ReadFile(here)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(cmd.Path, program, 0o700))
	}
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, "42 <nil>", string(out))
}

func TestMainForgotten(t *testing.T) {
	out, err := again(t, "forgetful", "").Output()
	require.NoError(t, err)
	require.Equal(t, "procpool: call procpool.Main at the top of main or TestMain", string(out))
}
