package mapreduce

import (
	"fmt"

	"github.com/interleave-go/interleave/internal/panics"
)

// PanicError is the Err of an [InputError] or a [KeyError] if a function of the job panicked.
// It carries the value and the stack.
type PanicError = panics.PanicError

// An InputError is the failure of Map, or of Combine while Map ran.
type InputError struct {
	Index int    // of the input in the sequence, from 0
	Name  string // by Job.Name
	Err   error  // what Map returned, a *PanicError, or workerpool.ErrGoexit
}

// Error names the input.
func (e *InputError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("mapreduce: input %d: %v", e.Index, e.Err)
	}
	return fmt.Sprintf("mapreduce: input %d, %s: %v", e.Index, e.Name, e.Err)
}

// Unwrap returns Err.
func (e *InputError) Unwrap() error { return e.Err }

// A KeyError is the failure of Reduce, or of Combine while files were merged.
type KeyError struct {
	Key any
	Err error // what Reduce returned, a *PanicError, or workerpool.ErrGoexit
}

// Error names the key.
func (e *KeyError) Error() string {
	if s, ok := e.Key.(string); ok {
		return fmt.Sprintf("mapreduce: key %q: %v", s, e.Err)
	}
	return fmt.Sprintf("mapreduce: key %v: %v", e.Key, e.Err)
}

// Unwrap returns Err.
func (e *KeyError) Unwrap() error { return e.Err }

// fileError is a failure of a file.
func fileError(err error) error { return fmt.Errorf("mapreduce: temporary file: %w", err) }
