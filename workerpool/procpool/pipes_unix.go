//go:build unix

package procpool

import (
	"os"
	"os/exec"
	"syscall"
)

// The worker's ends of the pipes.
const requestsFd, answersFd = 3, 4

func attach(cmd *exec.Cmd, in, out *os.File) {
	cmd.ExtraFiles = []*os.File{in, out} // become 3 and 4
	isolate(cmd)
}

// inherited returns the ends of the pipes that this worker has been given. A
// process that a task starts does not get them: it could keep them open.
func inherited() (in, out *os.File) {
	syscall.CloseOnExec(requestsFd)
	syscall.CloseOnExec(answersFd)
	// To be waited for by the poller: a thread that is blocked in a read would have
	// to give way to the one that runs the task.
	_ = syscall.SetNonblock(requestsFd, true)
	return os.NewFile(requestsFd, "requests"), os.NewFile(answersFd, "answers")
}

func signalOf(st *os.ProcessState) os.Signal {
	if ws, ok := st.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal()
	}
	return nil
}
