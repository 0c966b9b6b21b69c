//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

func TestMain(m *testing.M) {
	if os.Getenv("PROCPOOL_TEST_ROLE") != "forgetful" {
		procpool.Main()
	}
	helper()
	goleak.VerifyTestMain(m)
}

type none = struct{}

var (
	kept  []*os.File
	spins int
)

// What workers do.
var (
	double = procpool.Define("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	pid    = procpool.Define("pid", func(context.Context, none) (int, error) { return os.Getpid(), nil })
	fails  = procpool.Define("fails", func(_ context.Context, text string) (none, error) {
		switch text {
		case "canceled":
			return none{}, fmt.Errorf("wrapped: %w", context.Canceled)
		case "deadline":
			return none{}, context.DeadlineExceeded
		}
		return none{}, errors.New(text)
	})
	panics = procpool.Define("panics", func(_ context.Context, text string) (none, error) { panic(text) })
	nasty  = procpool.Define("panics with what cannot be printed", func(context.Context, none) (none, error) {
		panic(unprintable{})
	})
	goexit = procpool.Define("goexit", func(context.Context, none) (none, error) { runtime.Goexit(); return none{}, nil })
	exit   = procpool.Define("exit", func(_ context.Context, code int) (none, error) {
		fmt.Fprintln(os.Stderr, "leaving with", code)
		os.Exit(code)
		return none{}, nil
	})
	suicide = procpool.Define("suicide", func(context.Context, none) (none, error) {
		fmt.Fprint(os.Stderr, strings.Repeat("x", 20_000), "last words\n")
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
		select {}
	})
	crash = procpool.Define("crash in a goroutine", func(context.Context, none) (none, error) {
		go func() { panic("nobody recovers this") }()
		select {}
	})
	mayExit = procpool.Define("exit if asked", func(_ context.Context, n int) (int, error) {
		if n < 0 {
			os.Exit(3)
		}
		return n, nil
	})
	// obedient and deaf tell a pipe that they run, and then do, or do not, end with
	// their context.
	obedient = procpool.Define("obedient", func(ctx context.Context, path string) (string, error) {
		tell(path)
		<-ctx.Done()
		_, has := ctx.Deadline()
		return "", fmt.Errorf("deadline known: %t: %w", has, ctx.Err())
	})
	late = procpool.Define("late", func(ctx context.Context, path string) (string, error) {
		tell(path)
		<-ctx.Done()
		return "late", nil
	})
	sulky = procpool.Define("sulky", func(ctx context.Context, path string) (string, error) {
		tell(path)
		<-ctx.Done()
		return "", errors.New("interrupted")
	})
	deaf = procpool.Define("deaf", func(_ context.Context, path string) (string, error) {
		tell(path)
		select {}
	})
	// holds keeps the named pipe open for as long as its process lives.
	holds = procpool.Define("holds", func(_ context.Context, path string) (none, error) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return none{}, err
		}
		defer f.Close()
		fmt.Fprintln(f, os.Getpid())
		for {
			spins++
		}
	})
	// opens keeps it open too, but returns.
	opens = procpool.Define("opens", func(_ context.Context, path string) (none, error) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		kept = append(kept, f)
		return none{}, err
	})
	burn = procpool.Define("burn", func(_ context.Context, cpu time.Duration) (none, error) {
		for {
			var u syscall.Rusage
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil || u.Utime.Nano()+u.Stime.Nano() > int64(cpu) {
				return none{}, err
			}
		}
	})
	firstThenDeaf = procpool.Define("first, then deaf", func(_ context.Context, n int) (int, error) {
		if n == 0 {
			return n, nil
		}
		select {}
	})
	waits = procpool.Define("waits", func(ctx context.Context, wait bool) (none, error) {
		if !wait {
			return none{}, nil
		}
		<-ctx.Done()
		return none{}, ctx.Err()
	})
	_    = procpool.Define("unencodable", func(context.Context, none) (func(), error) { return func() {}, nil })
	spin = procpool.Define("spin", func(context.Context, none) (none, error) {
		for {
			spins++
		}
	})
	hog = procpool.Define("hog", func(_ context.Context, mib int) (int, error) {
		var all [][]byte
		for range mib {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			all = append(all, b)
		}
		return len(all), nil
	})
	print = procpool.Define("print", func(_ context.Context, text string) (none, error) {
		fmt.Println("out", text)
		fmt.Fprintln(os.Stderr, "err", text)
		return none{}, nil
	})
	secret  int
	prepare = procpool.Define("prepare", func(_ context.Context, n int) (none, error) {
		if n < 0 {
			return none{}, errors.New("nothing to prepare")
		}
		secret += n
		return none{}, nil
	})
	reveal   = procpool.Define("reveal", func(context.Context, none) (int, error) { return secret, nil })
	children = procpool.Define("children of its own", func(ctx context.Context, n int) (int, error) {
		p := procpool.New(1)
		defer p.Close()
		return procpool.Call(ctx, p, double, n)
	})
	onlyHere = onlyInThePool()
	picky    = procpool.Define("picky", func(_ context.Context, v value) (value, error) { return v, nil })
	vandal   = procpool.Define("vandal", func(context.Context, none) (none, error) {
		_, _ = syscall.Write(4, make([]byte, 32))
		select {}
	})
)

// onlyInThePool defines a function in every process but a worker.
func onlyInThePool() procpool.Func[int, int] {
	if os.Getenv("INTERLEAVE_PROCPOOL_WORKER") != "" {
		return procpool.Func[int, int]{}
	}
	return procpool.Define("only in the pool", func(_ context.Context, n int) (int, error) { return n, nil })
}

// value is something that breaks the codec in many ways.
type value struct{ Text string }

func (v value) GobEncode() ([]byte, error) {
	switch {
	case v.Text == "not encodable", v.Text == "not encodable reply" && inWorker:
		return nil, errors.New("no code")
	case v.Text == "encoding panics":
		panic("no code at all")
	}
	return []byte(v.Text), nil
}

func (v *value) GobDecode(b []byte) error {
	v.Text = string(b)
	switch {
	case v.Text == "not decodable" && inWorker, v.Text == "not decodable reply" && !inWorker:
		return errors.New("no sense")
	case v.Text == "decoding panics" && inWorker, v.Text == "decoding the reply panics" && !inWorker:
		panic("no sense at all")
	}
	return nil
}

// inWorker is whether this process is a worker.
var inWorker = os.Getenv("INTERLEAVE_PROCPOOL_WORKER") != ""

type unprintable struct{}

func (unprintable) String() string { panic("no text") }

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
