package procpool

import (
	"os"
	"os/exec"
	"syscall"
)

// executable returns the file of this program. The link leads to it even if it has
// been removed or replaced by a newer one since.
func executable() (string, error) { return executableBy("/proc/self/exe") }

// executableBy does without the link if it is not there: /proc may not be mounted.
func executableBy(link string) (string, error) {
	if _, err := os.Stat(link); err == nil {
		return link, nil
	}
	return os.Executable()
}

// isolate keeps the terminal's signals from a worker, which are for the pool's
// process to act on, and has it die with that process.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
