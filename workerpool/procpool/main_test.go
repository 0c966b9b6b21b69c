//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

func TestMain(m *testing.M) {
	role := os.Getenv("PROCPOOL_TEST_ROLE")
	if role == "short of files" { // a worker that is, too
		procpool.LeaveFiles(0)
	}
	if role != "forgetful" {
		procpool.Main()
	}
	helper()
	goleak.VerifyTestMain(m)
}

// tell writes a line to the named pipe at path.
func tell(path string) {
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(f, "running")
		f.Close()
	}
}

func errorsAs[E error](err error, target *E) bool { return errors.As(err, target) }

// fifo returns the path of a named pipe, and a function that waits until somebody
// has written to it.
func fifo(t *testing.T) (path string, told func()) {
	t.Helper()
	path = t.TempDir() + "/fifo"
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, func() {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
	}
}

func newPool(t *testing.T, workers int, opts ...procpool.Option) *procpool.Pool {
	t.Helper()
	opts = append([]procpool.Option{procpool.Output(io.Discard)}, opts...)
	p := procpool.New(workers, opts...)
	t.Cleanup(p.Close)
	return p
}

// noChildren fails the test if this process has a child, dead or alive.
func noChildren(t *testing.T) {
	t.Helper()
	if id, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d, %v", id, err)
	}
}

// again returns a command that runs this program, such that TestMain calls what
// has that name in roles.
func again(t *testing.T, role, arg string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, arg)
	cmd.Env = append(os.Environ(), "PROCPOOL_TEST_ROLE="+role)
	return cmd
}

var roles = map[string]func(arg string){
	// A parent whose worker runs until it is killed.
	"parent": func(path string) {
		p := procpool.New(1, procpool.Grace(time.Hour))
		_, _ = procpool.Call(context.Background(), p, holds, path)
	},
	// A program whose file is removed while it runs.
	"removed": func(string) {
		if os.Remove(os.Args[0]) != nil {
			os.Exit(2)
		}
		p := procpool.New(1)
		defer p.Close()
		n, err := procpool.Call(context.Background(), p, double, 21)
		fmt.Print(n, err)
	},
	// A program that forgets to call Main cannot start itself over and over again.
	"forgetful": func(string) {
		defer func() { fmt.Print(recover()) }()
		procpool.New(1)
	},
}

func helper() {
	if role := roles[os.Getenv("PROCPOOL_TEST_ROLE")]; role != nil {
		role(os.Args[1])
		os.Exit(0)
	}
}
