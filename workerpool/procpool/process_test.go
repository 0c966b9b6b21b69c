package procpool

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
