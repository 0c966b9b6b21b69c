//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

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
	timeLeft = procpool.Define("time left", func(ctx context.Context, _ none) (time.Duration, error) {
		at, _ := ctx.Deadline()
		return time.Until(at), nil
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

// inWorker is whether this process is a worker.
var inWorker = os.Getenv("INTERLEAVE_PROCPOOL_WORKER") != ""

type unprintable struct{}

func (unprintable) String() string { panic("no text") }
