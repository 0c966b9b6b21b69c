package taskgroup

import (
	"context"
	"errors"
	"sync"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// ErrGoexit is the failure of a task that ended its goroutine with
// runtime.Goexit, as testing.T.FailNow does.
var ErrGoexit = errors.New("taskgroup: task called runtime.Goexit")

// PanicError is what Run panics with after a task or the body has panicked. It
// carries the value and the stack of the goroutine that panicked.
type PanicError = panics.PanicError

// Group is the scope of one [Run].
//
// Invariants:
//   - running counts the body and the tasks that have not ended; once it is
//     zero it stays zero and idle is closed.
//   - ctx is cancelled only after the failure that is its cause was recorded.
type Group struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	idle   chan struct{}

	mu       sync.Mutex // guards the fields below
	running  int
	failures []error // in the order they happened
	panicked *PanicError
}

// Run calls body, and waits until body and all tasks of the group have ended.
// If ctx has ended already it returns ctx.Err() and body is not called.
//
// body and the tasks share a context that is cancelled when ctx ends, when one
// of them fails, and when Run returns; its cause is the first failure. To fail
// is to return an error, to panic, or to call runtime.Goexit.
//
// Run returns nil if nothing failed. Otherwise it returns the first failure,
// joined with those of the others in their order; errors that say no more than
// that the group's context was cancelled by the first failure are left out. If
// ctx has ended as well, errors.Is finds ctx.Err() in a failed Run.
//
// If a task or body panicked, Run panics with a [*PanicError] in place of
// returning, after all tasks have ended. If body called runtime.Goexit, the
// tasks are cancelled and awaited, and the goroutine goes on to exit.
//
// The end of every task synchronizes before the return of Run.
func Run(ctx context.Context, body func(ctx context.Context, g *Group) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := &Group{idle: make(chan struct{}), running: 1}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	func() {
		// Deferred, so that it also happens when body calls runtime.Goexit.
		defer func() {
			<-g.idle
			g.cancel(nil)
		}()
		g.call(func(ctx context.Context) error { return body(ctx, g) })
	}()
	if g.panicked != nil {
		panic(g.panicked)
	}
	return g.result(ctx)
}

// Go starts fn as a task of the group, on a goroutine of its own. It does not
// block. In a group that is cancelled the task still runs, with a context that
// has ended. Go panics if Run has returned.
func (g *Group) Go(fn func(ctx context.Context) error) {
	g.mu.Lock()
	if g.running == 0 {
		g.mu.Unlock()
		panic("taskgroup: Go called after Run returned")
	}
	g.running++
	g.mu.Unlock()
	go g.call(fn)
}

// call runs fn, the body or a task, and records how it ended.
func (g *Group) call(fn func(ctx context.Context) error) {
	err := ErrGoexit // what it is unless fn returns or panics
	var panicked *PanicError
	defer func() {
		if value := recover(); value != nil {
			panicked = panics.New(value)
			err = panicked
		}
		g.end(err, panicked)
	}()
	err = fn(g.ctx)
}

// end records that the body or a task has ended with err, which is panicked if
// that is not nil.
func (g *Group) end(err error, panicked *PanicError) {
	// Outside the mutex, as cancel below: both can call code of the user.
	tellsNothing := err == nil || onlyCancelled(err)

	g.mu.Lock()
	first := err != nil && len(g.failures) == 0
	if first || !tellsNothing {
		g.failures = append(g.failures, err)
	}
	if g.panicked == nil {
		g.panicked = panicked
	}
	g.mu.Unlock()
	if first {
		explore.Point("taskgroup: about to cancel")
		g.cancel(err)
	}
	explore.Point("taskgroup: about to end")

	// Only now, so that Run does not return before the context is cancelled.
	g.mu.Lock()
	g.running--
	idle := g.running == 0
	g.mu.Unlock()
	if idle {
		close(g.idle)
	}
}

// result joins the failures once all tasks have ended.
func (g *Group) result(ctx context.Context) error {
	if len(g.failures) == 0 {
		return nil
	}
	failures := g.failures
	// The group's own cancel must not hide that the caller's context ended.
	if err := ctx.Err(); err != nil && !errors.Is(failures[0], err) {
		failures = append(failures, err)
	}
	if len(failures) == 1 {
		return failures[0]
	}
	return errors.Join(failures...)
}

// onlyCancelled reports whether err, however wrapped, says no more than that a
// context was cancelled.
func onlyCancelled(err error) bool {
	if err == context.Canceled {
		return true
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		inner := err.Unwrap()
		return inner != nil && onlyCancelled(inner)
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			if inner != nil && !onlyCancelled(inner) {
				return false
			}
		}
		return len(err.Unwrap()) > 0
	}
	return false
}
