package actor

import (
	"fmt"
	"time"

	"github.com/interleave-go/interleave/retry"
)

// An Option changes how an actor works. Those given to [NewSystem] hold for all actors of
// the system, unless [Spawn] is given others; those about children also hold for the
// system itself, as the parent of those that have no other one.
type Option func(*config)

// config is shared by all actors that were spawned without options.
type config struct {
	system *System

	capacity  int // of the mailbox, 0 if it has no bound
	whenFull  Policy
	lifetime  Lifetime
	redeliver int
	backoff   *retry.Policy

	strategy  Strategy
	limited   bool // restarts of children are
	intensity int
	window    time.Duration

	onFailure     func(Failure)
	onUndelivered func(Undelivered)
}

// Policy is what a send does if the mailbox is full.
type Policy uint8

const (
	// Block waits for room until the context of the send ends. Those who wait are
	// served in order.
	Block Policy = iota
	// Reject fails with [ErrFull].
	Reject
	// DropOldest makes room by dropping the message that has waited for longest.
	DropOldest
)

// Mailbox bounds the number of messages that wait for the actor; the one that it is
// handling does not count, nor do stashed ones and those from its own timers, watches and
// pipes. It panics if capacity is below 1. Without it a mailbox has no bound.
func Mailbox(capacity int, whenFull Policy) Option {
	if capacity < 1 {
		panic(fmt.Sprintf("actor: Mailbox of %d", capacity))
	}
	if whenFull > DropOldest {
		panic(fmt.Sprintf("actor: Mailbox with policy %d", whenFull))
	}
	return func(c *config) { c.capacity, c.whenFull = capacity, whenFull }
}

// Lifetime is when an actor that has ended is restarted. The names are those of Erlang's
// supervisors.
type Lifetime uint8

const (
	// Transient restarts an actor that has failed. It is the default.
	Transient Lifetime = iota
	// Permanent restarts an actor that has stopped itself as well.
	Permanent
	// Temporary never restarts: a failure stops the actor.
	Temporary
)

// Restart says when the actor is restarted. Stopped by others it never is. How often is
// bounded only by [Backoff] and by [Intensity], which for those without another parent is an
// option of [NewSystem].
func Restart(l Lifetime) Option {
	if l > Temporary {
		panic(fmt.Sprintf("actor: Restart %d", l))
	}
	return func(c *config) { c.lifetime = l }
}

// Redeliver gives a message that an actor has failed on to it again after the restart, up
// to times times. Without it, it is not handled again: what has come after it is next.
func Redeliver(times int) Option {
	if times < 0 {
		panic(fmt.Sprintf("actor: Redeliver %d times", times))
	}
	return func(c *config) { c.redeliver = times }
}

// Backoff pauses before each restart after a failure as p says. MaxAttempts of p bounds how
// often the actor may fail one time after the other without having handled a message in
// between, and Retryable and [retry.Permanent] can tell failures after which it is not to be
// restarted; it then counts as failed for good, as with [Intensity]. A panic in a function of p
// ends the program. What p says of contexts, budgets and hooks is not used.
//
// Without it there is no pause after a failure if the incarnation has handled messages of
// others, or failed on one, which can happen only so often. If all that it had were Started,
// timers, pipes, watches and children, it pauses as the zero policy says, but is restarted
// again and again. So does a [Permanent] actor that stops itself, with a policy or without.
// [retry.Permanent] counts in any case.
func Backoff(p retry.Policy) Option {
	p.Pause(retry.Permanent(ErrStopped), 1, 0) // panics if p makes no sense
	return func(c *config) { c.backoff = &p }
}

// Strategy is which children of an actor are restarted when one has failed. The names are
// those of Erlang's supervisors.
type Strategy uint8

const (
	// OneForOne restarts the one that has failed. It is the default.
	OneForOne Strategy = iota
	// OneForAll restarts all of them.
	OneForAll
	// RestForOne restarts it and those that were spawned after it.
	RestForOne
)

// Supervise says which children of the actor are restarted together. Under [OneForAll]
// and [RestForOne] they end in the reverse order of their spawning, each after the message
// that it is handling, whose context ends; after that they start in order, each when
// Started of the one before has returned, even if with an error. [Temporary] ones are stopped
// instead. The first start is not in order: [Spawn] does not wait for Started.
//
// When the actor ends they also stop in reverse order, but for those that wait to be restarted.
// Under [OneForOne], and by [Ref.Kill], all stop at once.
func Supervise(s Strategy) Option {
	if s > RestForOne {
		panic(fmt.Sprintf("actor: Supervise with strategy %d", s))
	}
	return func(c *config) { c.strategy = s }
}

// Intensity bounds the restarts of the actor's children: if one fails when there were as
// many within the time before, it has failed for good. It stops, and the actor itself
// fails with an [*EscalatedError], which its parent is to deal with. A child of the system
// just stops. Without it there is no bound. If the actor is restarted, the count begins anew.
func Intensity(restarts int, within time.Duration) Option {
	if restarts < 0 || within <= 0 {
		panic(fmt.Sprintf("actor: Intensity of %d restarts within %v", restarts, within))
	}
	return func(c *config) { c.limited, c.intensity, c.window = true, restarts, within }
}

// A Failure is what a hook is told of an actor that has failed.
type Failure struct {
	Actor    Actor
	Err      error
	Message  any // that it was handling, nil if none
	Decision Decision
	Pause    time.Duration // before the restart
}

// Decision is what follows a failure.
type Decision uint8

const (
	// Restarts says that the actor goes on with a new behavior.
	Restarts Decision = iota
	// Stops says that it does not.
	Stops
	// Escalates says that it does not, and that its parent fails as well.
	Escalates
	// Ignores says that nothing changes, since the actor was ending anyway: Stopping or
	// Stopped has failed.
	Ignores
)

// String returns the name of d in lower case.
func (d Decision) String() string { return [...]string{"restarts", "stops", "escalates", "ignores"}[d] }

// OnFailure has fn called when the actor has failed, by one of its goroutines, before what
// was decided is done. Without it failures are told to nobody but those who ask or watch.
// fn may use the actor, but must not wait for it; a panic in it ends the program.
func OnFailure(fn func(Failure)) Option { return func(c *config) { c.onFailure = fn } }

// An Undelivered message was accepted by an actor that will not handle it.
type Undelivered struct {
	To      Actor
	Message any
	// Reason is [ErrStopped], [ErrDropped], or the error of the ask if that has ended.
	Reason error
}

// OnUndelivered has fn called for each message that the actor has accepted and will not
// handle: by one of its goroutines or, with [DropOldest], by the one that sends. fn may use
// the actor, but must not wait for it; a panic in it is that of the goroutine.
func OnUndelivered(fn func(Undelivered)) Option { return func(c *config) { c.onUndelivered = fn } }
