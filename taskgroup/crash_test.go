package taskgroup_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

// crashMode is set in the processes that TestCrash starts.
func crashMode() string { return os.Getenv("TASKGROUP_CRASH") }

func crashingChild(context.Context) error { panic("the end") }

// crash is what such a process does in place of the tests.
func crash(mode string) {
	go func() { // not to hang if it does not crash
		time.Sleep(time.Minute)
		os.Exit(3)
	}()
	_ = taskgroup.Run(context.Background(), func(ctx context.Context, g *group) error {
		switch mode {
		case "task":
			g.Go(crashingChild)
		case "limited":
			g.Go(nothing)
			g.Go(crashingChild)
		case "nested":
			g.Go(func(ctx context.Context) error {
				return taskgroup.Run(ctx, func(_ context.Context, g *group) error {
					g.Go(crashingChild)
					return nil
				})
			})
		}
		g.Go(func(ctx context.Context) error { // nobody waits for a clean-up
			<-ctx.Done()
			os.Exit(4)
			return nil
		})
		select {}
	}, taskgroup.OnPanic(taskgroup.Crash), taskgroup.Limit(2))
	os.Exit(5)
}

func TestCrash(t *testing.T) {
	for _, mode := range []string{"task", "limited", "nested"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "TASKGROUP_CRASH="+mode)
			cmd.Stderr = &stderr
			err := cmd.Run()
			var status *exec.ExitError
			require.True(t, errors.As(err, &status), "%v", err)
			require.Equal(t, 2, status.ExitCode(), stderr.String())
			require.Contains(t, stderr.String(), "panic: ")
			require.Contains(t, stderr.String(), "the end")
			require.Contains(t, stderr.String(), "crashingChild")
		})
	}
}
