//go:build unix && !linux

package procpool

import (
	"os"
	"os/exec"
	"syscall"
)

func executable() (string, error) { return os.Executable() }

// isolate keeps the terminal's signals from a worker, which are for the pool's
// process to act on. That it exits when that process is gone it learns from its
// pipe.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
