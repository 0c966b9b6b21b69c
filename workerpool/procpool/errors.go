package procpool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/interleave-go/interleave/internal/panics"
)

var (
	// ErrClosed is returned for a task that comes after [Pool.Shutdown] or
	// [Pool.Close], or that Close ended.
	ErrClosed = errors.New("procpool: pool is closed")
	// ErrBroken is returned by a pool that has given up, since one worker after
	// another could not be started. The [StartError] of the last one comes with it.
	ErrBroken = errors.New("procpool: pool is broken")
	// ErrGoexit is returned for a task that called runtime.Goexit, as t.FailNow
	// does.
	ErrGoexit = errors.New("procpool: the task called runtime.Goexit")
	// ErrUndefined is returned if the worker does not have the function: it was
	// defined in the pool's process only, or the program's file has changed.
	ErrUndefined = errors.New("procpool: not defined in the worker")
)

// A PanicError is a panic of a task, recovered in the worker. Value is the text
// of what it panicked with, Stack the stack of the worker's goroutine.
type PanicError = panics.PanicError

// A RemoteError is an error that a function returned in a worker. It is an error
// of another process, so only its text and the name of its type are left, and
// whether it matches context.Canceled or context.DeadlineExceeded by errors.Is.
type RemoteError struct {
	Func string // name of the function
	Type string // of the error, such as *fs.PathError
	Text string

	flags byte
}

// Error returns the text.
func (e *RemoteError) Error() string { return e.Text }

// Is reports whether the error matched target in the worker, for the two errors
// of contexts.
func (e *RemoteError) Is(target error) bool {
	return target == context.Canceled && e.flags&canceled != 0 ||
		target == context.DeadlineExceeded && e.flags&deadline != 0
}

// A CrashError says that the worker's process ended before the task did.
type CrashError struct {
	Func     string    // name of the function
	ExitCode int       // -1 if a signal ended the process
	Signal   os.Signal // nil if none did, and where there are no signals
	Reason   string    // the last line of Stderr, or the runtime's before its stacks: "panic: ..."
	Stderr   []byte    // the last 8 KiB of what the process wrote to its standard error
	// Cause is why the pool killed the process: the error of the task's context,
	// context.DeadlineExceeded for a time limit of the pool, or [ErrClosed]. It is
	// nil if the process ended by itself.
	Cause error
}

// Error returns the cause, or how the process ended and the reason.
func (e *CrashError) Error() string {
	how := fmt.Sprintf("exit status %d", e.ExitCode)
	if e.Signal != nil {
		how = "signal: " + e.Signal.String()
	}
	if e.Cause != nil {
		return fmt.Sprintf("procpool: worker killed in %s: %v", e.Func, e.Cause)
	}
	if e.Reason != "" {
		how += ": " + e.Reason
	}
	return fmt.Sprintf("procpool: worker crashed in %s: %s", e.Func, how)
}

// Unwrap returns Cause.
func (e *CrashError) Unwrap() error { return e.Cause }

// A StartError says that a worker did not become ready.
type StartError struct {
	// Err is the error of the operating system, or what became of the initialiser:
	// a [RemoteError], a [PanicError], a [CrashError] and so on.
	Err error
}

// Error returns the text of Err.
func (e *StartError) Error() string { return "procpool: start of a worker: " + e.Err.Error() }

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// errorOf returns the error that a reply other than doneFrame stands for.
func errorOf(name string, f frame) error {
	switch f.kind {
	case errorFrame:
		return &RemoteError{Func: name, Type: string(f.name), Text: string(f.payload), flags: f.flags}
	case panicFrame:
		at := min(max(0, int(f.a)), len(f.payload))
		return &PanicError{Value: string(f.payload[:at]), Stack: bytes.Clone(f.payload[at:])}
	case goexitFrame:
		return ErrGoexit
	case undefinedFrame:
		return fmt.Errorf("%w: %s", ErrUndefined, name)
	}
	return errProtocol
}

// becauseOf returns err such that it matches cause, which ended the task.
func becauseOf(cause, err error) error {
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return errors.Join(cause, err)
}
