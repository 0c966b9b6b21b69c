package actor

import (
	"context"
	"fmt"
)

// Actor is a reference to an actor whatever the type of its messages. It can be compared.
// It is implemented by [Ref] alone.
type Actor interface {
	Parent

	// Path returns the names of the actor's ancestors and itself, separated by slashes,
	// as [Lookup] takes it.
	Path() string
	Stop(ctx context.Context) error
	Kill(ctx context.Context) error
	Done() <-chan struct{}
	Err() error
	Stats() Stats
}

// A Ref is a reference to an actor: all that others have of it. It can be compared, and
// stays valid across restarts and after the actor has stopped.
type Ref[M any] struct{ actor *actor[M] }

var _ Actor = (*Ref[int])(nil)

// Tell puts m into the actor's mailbox. If that is full, it does what the [Policy] of the
// mailbox says: by default it waits for room until ctx ends. It returns ctx.Err() if ctx
// has ended, [ErrStopped] if the actor was told to stop, [ErrFull] if the policy is [Reject],
// a [*CycleError] if an actor would wait for itself, and nil if m was accepted. Two actors
// whose mailboxes are full and that tell each other wait until a ctx ends.
//
// What one goroutine tells is handled in the order in which it was told, and Tell
// synchronizes before Receive.
func (r *Ref[M]) Tell(ctx context.Context, m M) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.actor.send(ctx, envelope[M]{message: m}, true)
}

// TryTell is Tell without waiting: it returns [ErrFull] if the mailbox is full.
func (r *Ref[M]) TryTell(m M) error {
	return r.actor.send(context.Background(), envelope[M]{message: m}, false)
}

// Stop has the actor accept no more messages, handle those that it has, stop its children
// and then itself, and waits for that. If ctx ends, or has ended already, it returns
// ctx.Err(), and the actor goes on to stop by itself.
//
// If the actor fails while it handles what it has, it is restarted for the rest as usual;
// but not after a pause, and not together with others: the rest is then undelivered. What
// is below the actor and waits for a reply of it gets [ErrStopped] before the actor waits
// for that to stop.
//
// To an actor, with its [Context] as ctx, that would have to wait for itself, it returns a
// [*CycleError] at once, and the actor goes on to stop. See also [Context.Stop]. Two that stop
// each other, or one that stops who asks it, wait until a ctx ends.
func (r *Ref[M]) Stop(ctx context.Context) error { return r.actor.end(ctx, stop) }

// Kill is Stop, but the actor ends after the message that it is handling, whose context
// ends, and so do all who are below it. What they have not handled is undelivered.
func (r *Ref[M]) Kill(ctx context.Context) error { return r.actor.end(ctx, kill) }

// Done returns a channel that is closed once the actor has stopped.
func (r *Ref[M]) Done() <-chan struct{} {
	a := r.actor
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.needMoreLocked().gone.DoneLocked()
}

// Err returns the failure that the actor has stopped after; nil if there was none, or it
// has not stopped.
func (r *Ref[M]) Err() error {
	a := r.actor
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.more == nil || a.phase != gone {
		return nil
	}
	return a.more.cause
}

// Path returns the names of the actor's ancestors and itself, separated by slashes.
func (r *Ref[M]) Path() string { return r.actor.path() }

// Parent returns the actor's parent, nil if that is the system.
func (r *Ref[M]) Parent() Actor {
	if p := r.actor.parent; p.parent != nil {
		return p.typed.actor()
	}
	return nil
}

func (r *Ref[M]) parentCell() *cell { return &r.actor.cell }

// Stats are counts of an actor. The sum of the others is Accepted.
type Stats struct {
	Accepted    uint64 // messages; a stashed one counts again when it is handled again
	Handled     uint64 // also without success
	Undelivered uint64
	Waiting     uint64 // or being handled
}

// Stats returns the counts of one instant.
func (r *Ref[M]) Stats() Stats {
	a := r.actor
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Stats{Accepted: a.accepted, Handled: a.handled.Load()}
	if a.extra != nil {
		s.Undelivered = a.extra.undelivered
	}
	s.Waiting = s.Accepted - s.Handled - s.Undelivered
	return s
}

// String returns the path and the counts, on one line.
func (r *Ref[M]) String() string {
	s := r.Stats()
	return fmt.Sprintf("%s: %d waiting, %d handled, %d undelivered", r.Path(), s.Waiting, s.Handled, s.Undelivered)
}
