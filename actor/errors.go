package actor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/interleave-go/interleave/internal/panics"
)

var (
	// ErrStopped is returned by sends to an actor that has stopped or is about to, and
	// by asks that it has left without a reply. It is the reason of messages that
	// reached nobody because of that.
	ErrStopped = errors.New("actor: stopped")
	// ErrFull is returned by sends to an actor whose mailbox is full; see [Mailbox].
	ErrFull = errors.New("actor: mailbox full")
	// ErrDropped is the reason of messages that made room for newer ones; see
	// [DropOldest].
	ErrDropped = errors.New("actor: dropped for a newer message")
	// ErrRestarted is returned by asks to an actor that was restarted before it
	// replied, for another reason than what was asked.
	ErrRestarted = errors.New("actor: restarted")
	// ErrGoexit is the failure of an actor that called runtime.Goexit, as
	// testing.T.FailNow does.
	ErrGoexit = errors.New("actor: runtime.Goexit was called")
	// ErrNameTaken is returned by [Spawn] if the parent has a child of that name.
	ErrNameTaken = errors.New("actor: name taken")
	// ErrNotFound is returned by [Lookup] if there is no actor of that name.
	ErrNotFound = errors.New("actor: not found")
)

// PanicError is the failure of an actor that panicked. It carries the value and the stack
// of the goroutine.
type PanicError = panics.PanicError

// A CycleError is returned by calls that would wait for an actor that itself waits for
// the caller: an actor that asks itself or stops itself and waits, or that does so to one
// that has asked it.
type CycleError struct {
	// Path has the actors by name, from the one that was to be waited for to the one
	// that would have waited.
	Path []string
}

// Error returns the path, closed.
func (e *CycleError) Error() string {
	return "actor: waits for itself: " + strings.Join(append(slices.Clip(e.Path), e.Path[0]), " -> ")
}

// An EscalatedError is the failure of an actor whose child has failed and is not
// restarted any more; see [Intensity] and [Backoff].
type EscalatedError struct {
	Child string // its path
	Err   error  // why it failed
}

// Error returns the path of the child and its failure.
func (e *EscalatedError) Error() string {
	return fmt.Sprintf("actor: child %s failed for good: %v", e.Child, e.Err)
}

// Unwrap returns Err.
func (e *EscalatedError) Unwrap() error { return e.Err }
