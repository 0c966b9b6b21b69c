// Package panics holds the one type in which a recovered panic travels from the
// goroutine it happened in to the one that is told.
package panics

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// A PanicError is a panic that was recovered in one goroutine and is reported
// in another, as an error or as the value of a second panic.
type PanicError struct {
	// Value is what the code panicked with.
	Value any
	// Stack is the stack of the goroutine that panicked, as debug.Stack gives it.
	Stack []byte
	// Others is what else failed before the panic could be reported, in the order
	// in which it happened: a panic in the caller leaves no other way to tell it.
	Others []error
}

// New returns the panic of value, with the stack of the calling goroutine. Call
// it in the deferred function that recovered value, so that the stack shows
// where the panic began.
func New(value any) *PanicError {
	if err, ok := value.(*PanicError); ok {
		return err // on its way through a nested scope: keep the first stack
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// With returns e, or a copy of it that has others as well. e itself may already
// be known to somebody.
func (e *PanicError) With(others []error) *PanicError {
	if len(others) == 0 {
		return e
	}
	with := *e
	with.Others = slices.Concat(e.Others, others)
	return &with
}

// Error returns the value and the stack, since the stack of the goroutine that
// prints it says nothing about where the panic began, and after that the others.
func (e *PanicError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "panic: %v\n\n%s", e.Value, e.Stack)
	for _, err := range e.Others {
		fmt.Fprintf(&b, "\nand: %v", err)
	}
	return b.String()
}

// Unwrap returns Value, if it is an error, and Others.
func (e *PanicError) Unwrap() []error {
	if err, ok := e.Value.(error); ok {
		return slices.Concat([]error{err}, e.Others)
	}
	return e.Others
}
