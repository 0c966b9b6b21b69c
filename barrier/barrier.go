package barrier

import (
	"context"
	"errors"
	"slices"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/internal/waitq"
)

var (
	// ErrBroken says that a barrier is broken: not all of its parties have come or
	// will come. It is matched by [*BrokenError], which has the cause.
	ErrBroken = errors.New("barrier: broken")
	// ErrReset is the cause if the barrier was reset.
	ErrReset = errors.New("barrier: reset")
	// ErrGoexit is the cause if the action ended its goroutine with runtime.Goexit,
	// as testing.T.FailNow does.
	ErrGoexit = errors.New("barrier: the action called runtime.Goexit")
)

// PanicError is the cause if the action panicked. It carries the value and the
// stack.
type PanicError = panics.PanicError

// BrokenError is the error of those who wait at a barrier that breaks. It matches
// [ErrBroken] and its cause.
type BrokenError struct {
	Cause error // may be nil after Abort(nil)
}

func (e *BrokenError) Error() string {
	if e.Cause == nil {
		return ErrBroken.Error()
	}
	return ErrBroken.Error() + ": " + e.Cause.Error()
}

// Is reports whether target is ErrBroken.
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// Unwrap returns the cause.
func (e *BrokenError) Unwrap() error { return e.Cause }

// Barrier lets a fixed number of goroutines, its parties, wait for each other, as
// often as they like: each time that all of them have arrived is a trip. Create
// one with [New].
//
// Invariants, whenever mu is free:
//   - arrived are the arrivals of gathering, fewer than parties, and with
//     different indices. There are none in a broken barrier. gathering is nil if
//     nobody has arrived.
//   - acting is the generation that has tripped last while its action runs; its
//     gate is shut.
type Barrier struct {
	action   func() error
	onCancel CancelPolicy

	mu        waitq.Mutex // guards the fields below
	parties   int
	gathering *generation
	arrived   arrivals
	withdrawn []int // indices of those that have gone again
	acting    *generation
	broken    *BrokenError
	trips     int64
}

// New returns a barrier for so many parties. It panics if there are none.
func New(parties int, opts ...Option) *Barrier {
	if parties < 1 {
		panic("barrier: fewer than one party")
	}
	b := &Barrier{parties: parties}
	for _, opt := range opts {
		opt(b)
	}
	return b
}

// Wait arrives and blocks until all parties have. It returns the index of this
// arrival: parties-1 for the first one down to 0 for the last one.
//
// The last one to arrive first runs the action, if there is one ([Action]);
// nobody leaves before that has returned, and the end of a ctx no longer matters.
//
// With an error the index is -1. It is ctx.Err() if ctx ended before all had
// arrived; what that means to the others is a matter of [OnCancel]. It is a
// [*BrokenError] if the barrier is broken, or breaks in the meantime. If the
// action panics, so does the Wait that ran it. Wait panics if all parties have
// left.
//
// What each of the parties did before it called Wait synchronizes before the
// action, and that before the return of Wait of all of them.
func (b *Barrier) Wait(ctx context.Context) (index int, err error) {
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	done := ctx.Done()
	explore.Point("barrier: about to arrive")
	b.mu.Lock()
	for {
		switch {
		case b.parties == 0:
			b.mu.Unlock()
			panic("barrier: Wait after all parties have left")
		case b.broken != nil:
			err := b.broken
			b.mu.Unlock()
			return -1, err
		case b.acting != nil:
			// Not one of those who were waited for: it counts once they leave.
			gate := &b.acting.gate
			b.mu.Unlock()
			if !gate.Wait(&b.mu, done) {
				return -1, ctx.Err()
			}
			b.mu.Lock()
			continue
		case b.arrived.n == b.parties-1 && b.dropEndedLocked():
			continue
		}
		break
	}
	if b.arrived.n == b.parties-1 {
		if err := b.tripAndUnlock(); err != nil {
			return -1, err
		}
		return 0, nil
	}
	if b.gathering == nil {
		b.gathering = new(generation)
	}
	g := b.gathering
	index = b.nextIndexLocked()
	id := b.arrived.add(arrival{ctx: ctx, done: done, index: index})
	b.mu.Unlock()

	if !g.gate.Wait(&b.mu, done) && !b.stay(g, id, ctx.Err()) || slices.Contains(g.dropped, id) {
		return -1, ctx.Err()
	}
	if g.err == nil {
		return index, nil
	}
	if err := ctx.Err(); err != nil {
		return -1, err // its own end explains more
	}
	return -1, g.err
}

// stay reports whether an arrival whose context has ended gets the result of its
// generation all the same.
func (b *Barrier) stay(g *generation, id uint64, cause error) bool {
	b.mu.Lock()
	at := b.arrived.find(id)
	if at >= 0 {
		b.leaveLocked(at, cause)
	}
	complete := at < 0 && g.complete
	b.mu.Unlock()
	return complete && g.gate.Wait(&b.mu, nil) // for the action
}

// leaveLocked does for an arrival whose context has ended what OnCancel says.
func (b *Barrier) leaveLocked(at int, cause error) {
	switch b.onCancel {
	case Break:
		b.breakLocked(&BrokenError{cause})
	case Withdraw:
		b.withdrawn = append(b.withdrawn, b.arrived.list[at].index)
		b.arrived.remove(at)
	case KeepCounted:
		b.arrived.list[at].done = nil
	}
}

// dropEndedLocked is for when all have arrived: it looks for one whose context has
// ended already, does with it what OnCancel says, and reports whether there was
// one. It can unlock and lock again.
func (b *Barrier) dropEndedLocked() bool {
	at := b.arrived.ended()
	if at < 0 {
		return false
	}
	ended := b.arrived.list[at]
	b.mu.Unlock()
	cause := ended.ctx.Err() // can be code of the user
	explore.Point("barrier: found one that has ended")
	b.mu.Lock()
	if at := b.arrived.find(ended.id); at >= 0 {
		b.gathering.dropped = append(b.gathering.dropped, ended.id)
		b.leaveLocked(at, cause)
	}
	return true
}

func (b *Barrier) nextIndexLocked() int {
	if last := len(b.withdrawn) - 1; last >= 0 {
		index := b.withdrawn[last]
		b.withdrawn = b.withdrawn[:last]
		return index
	}
	return b.parties - 1 - b.arrived.n
}

// tripAndUnlock lets those go who have arrived, after the action.
func (b *Barrier) tripAndUnlock() (err error) {
	g := b.nextLocked()
	b.trips++
	if b.action == nil {
		if g == nil {
			b.mu.Unlock()
		} else {
			g.gate.OpenAndUnlock(&b.mu)
		}
		return nil
	}
	if g == nil {
		g = &generation{complete: true}
	}
	b.acting = g
	b.mu.Unlock()

	result := ErrGoexit // what it is unless the action returns or panics
	defer func() {
		value := recover()
		if value != nil {
			result = panics.New(value)
		}
		if err = b.finish(g, result); value != nil {
			panic(value)
		}
	}()
	result = b.action()
	return nil // finish knows
}

// finish lets g go, whose action has ended.
func (b *Barrier) finish(g *generation, err error) error {
	explore.Point("barrier: the action has ended")
	b.mu.Lock()
	defer b.mu.Unlock()
	if g == b.acting { // neither finished, nor abandoned by Reset or Abort
		if err != nil {
			b.breakLocked(&BrokenError{err})
		} else {
			b.acting = nil
			g.gate.OpenLocked()
		}
	}
	return g.err
}

// breakLocked breaks the barrier: those who wait leave with err, and so does
// whoever comes.
func (b *Barrier) breakLocked(err *BrokenError) {
	for _, g := range []*generation{b.acting, b.nextLocked()} {
		if g != nil {
			g.err = err
			g.gate.OpenLocked()
		}
	}
	b.acting = nil
	b.broken = err
}

// nextLocked begins a new generation, and returns the one that gathered, if
// anyone did.
func (b *Barrier) nextLocked() *generation {
	g := b.gathering
	if g != nil {
		g.complete = true
	}
	b.gathering = nil
	b.arrived.reset()
	b.withdrawn = b.withdrawn[:0]
	return g
}

// Reset makes the barrier as new, with the parties that have not left: those who
// wait, for the others or for an action, get a [*BrokenError] whose cause is
// [ErrReset]. It does not wait for an action that runs.
func (b *Barrier) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.breakLocked(&BrokenError{ErrReset})
	b.broken = nil
}

// Abort breaks the barrier: those who wait, for the others or for an action, get
// a [*BrokenError] with the cause, and so does whoever comes, until Reset. It
// does nothing to a barrier that is broken already.
func (b *Barrier) Abort(cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken == nil {
		b.breakLocked(&BrokenError{cause})
	}
}

// Leave makes the parties one fewer, for good: it is for one that will not come
// again. If all the others have arrived, that is a trip, and Leave runs the
// action; what that returns, the others are told. It panics if all have left.
func (b *Barrier) Leave() {
	b.mu.Lock()
	if b.parties == 0 {
		b.mu.Unlock()
		panic("barrier: Leave after all parties have left")
	}
	b.parties--
	for b.parties > 0 && b.arrived.n == b.parties {
		if !b.dropEndedLocked() {
			_ = b.tripAndUnlock()
			return
		}
	}
	b.mu.Unlock()
}
