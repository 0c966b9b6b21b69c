// Package panics holds the one type in which a recovered panic travels from the
// goroutine it happened in to the one that is told.
package panics

import (
	"fmt"
	"runtime/debug"
)

// A PanicError is a panic that was recovered in one goroutine and is reported
// in another, as an error or as the value of a second panic.
type PanicError struct {
	// Value is what the code panicked with.
	Value any
	// Stack is the stack of the goroutine that panicked, as debug.Stack gives it.
	Stack []byte
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

// Error returns the value and the stack, since the stack of the goroutine that
// prints it says nothing about where the panic began.
func (e *PanicError) Error() string {
	return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns Value if it is an error, else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
