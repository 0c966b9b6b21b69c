//go:build !unix

package procpool

import (
	"os"
	"os/exec"
)

func executable() (string, error) { return os.Executable() }

// attach uses the standard files, since others cannot be passed on everywhere.
func attach(cmd *exec.Cmd, in, out *os.File) { cmd.Stdin, cmd.Stdout = in, out }

// inherited returns the ends of the pipes that this worker has been given. What
// tasks print goes to standard error instead.
func inherited() (in, out *os.File) {
	in, out = os.Stdin, os.Stdout
	os.Stdin, _ = os.Open(os.DevNull)
	os.Stdout = os.Stderr
	return in, out
}

func signalOf(*os.ProcessState) os.Signal { return nil }
