package actor

import (
	"container/list"
	"context"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A phase is where an actor is in its life. It goes from one to the next; from emptying
// also to building or waiting, and from there back to the beginning, once for each
// incarnation, which is what lives between two restarts.
type phase uint8

const (
	building phase = iota // to get a behavior from the factory
	starting              // to call Started
	live                  // to handle messages
	ending                // to call Stopping
	emptying              // to wait for children and helpers
	waiting               // to be told to restart
	final                 // to call Stopped
	gone
)

// orders are what an actor was told to do. It looks at them between two messages.
type orders uint8

const (
	stop   orders = 1 << iota // end for good once the mailbox is empty
	kill                      // end for good
	renew                     // end this incarnation, and wait to be revived
	retire                    // end this incarnation, as if by itself
	fail                      // end this incarnation with the failure of a child
)

// A cell is an actor without its type of messages: its place in the tree and its life.
// There can be very many; what few of them have is in more.
//
// Invariants, whenever mu is free:
//   - One goroutine, or one on its way, runs turns if scheduled, and none otherwise.
//   - It is scheduled if it has messages and is live, and after every order.
//   - closed is set once there is an order to stop or kill, and from final on.
type cell struct {
	urgent atomic.Bool // there may be an order, or a message that comes first; set with mu held

	// Between urgent, which is looked at before each message, and what every sender writes.
	typed  typed
	parent *cell // nil for that of the system
	config *config
	name   string // unique among those with the same parent, if not empty

	prev, next *cell // spawned by the same parent before and after; guarded by mu of the parent

	mu        waitq.Mutex // guards the fields below and the mailbox
	more      *more       // see needMoreLocked
	phase     phase
	orders    orders
	scheduled bool
	closed    bool // accepts no messages
	left      bool // the tree; what watches it from now on is told at once
}

// typed is what a cell needs of its actor. User code is called by the first five, without
// mu.
type typed interface {
	build() error
	started() error
	stopping(cause error)
	stopped(cause error)
	// receive handles messages until there is none or something is urgent.
	receive()

	hasMailLocked() bool
	// closeLocked refuses those who wait to send.
	closeLocked()
	// discard reports what is in the mailbox as undelivered, in a mailbox that is closed.
	discard()
	actor() Actor
	handledCount() uint64
	asked() *ask
}

// more is what few actors have.
type more struct {
	family
	incarnation

	asks     *ask      // that have no reply yet
	watchers list.List // of this actor; each is an observer
	gone     waitq.Gate
	changed  chan struct{} // closed at the next change of the phase, if somebody waits for that

	// Of the actor's failures.
	failed  bool          // the incarnation has
	cause   error         // why the incarnation ends or has ended; nil if it just stops
	mishap  error         // in Stopping or Stopped, yet to be reported
	culprit any           // the message it has failed on
	fails   int           // one after the other, without a message handled in between
	pause   time.Duration // before the last restart
	revival *time.Timer   // at the end of the pause
	handled uint64        // messages at the last failure, and those that were put aside since
	idle    uint64        // messages that would be handled if none of others were, in the incarnation
}

// family is what an actor knows of its children.
type family struct {
	first, last *cell
	names       map[string]*cell
	children    int             // in the list, or about to tell that they have stopped
	helpers     int             // goroutines of the actor besides its turns
	restarts    []time.Duration // of children, after epoch, the oldest first
	waiting     []*cell         // children that have failed and are to be restarted with others
	regrouping  bool            // a helper restarts them
	dismissed   orders          // that all children were given: to stop, perhaps to kill later
}

// incarnation is what ends with an incarnation.
type incarnation struct {
	number  uint32
	context context.Context // made when it is asked for
	cancel  context.CancelCauseFunc
	timers  list.List
	watches list.List // of other actors
}

var epoch = time.Now()

// needMoreLocked returns more.
func (c *cell) needMoreLocked() *more {
	if c.more == nil {
		c.more = new(more)
	}
	return c.more
}

// order gives orders, unless the actor is about to be gone anyway.
func (c *cell) order(o orders, cause error) {
	explore.Point("actor: about to order")
	c.mu.Lock()
	var cancel context.CancelCauseFunc
	if c.phase < final {
		c.orders |= o
		if c.phase == starting && c.orders&stop != 0 {
			c.orders &^= retire // or else it might end each time before it has handled a message
		}
		if o&(stop|kill) != 0 && !c.closed {
			c.closed = true
			c.typed.closeLocked()
		}
		m := c.needMoreLocked()
		if o&fail != 0 {
			c.failLocked(cause)
		}
		if o&(kill|renew|fail) != 0 {
			cancel = m.cancel
		}
	}
	c.wakeUnlock()
	if cancel != nil {
		cancel(cause)
	}
}

// wakeUnlock has the actor look at its orders. It needs mu and unlocks it.
func (c *cell) wakeUnlock() {
	c.urgent.Store(true)
	start := !c.scheduled && c.phase != gone
	c.scheduled = c.scheduled || start
	c.mu.Unlock()
	if start {
		go c.turns()
	}
}

// kill orders the actor and all below it to end.
func (c *cell) kill() {
	c.order(kill, ErrStopped)
	for _, child := range c.childList() {
		child.kill()
	}
}

// childList returns the children in the order of their spawning.
func (c *cell) childList() []*cell {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.more == nil {
		return nil
	}
	list := make([]*cell, 0, c.more.children)
	for child := c.more.first; child != nil; child = child.next {
		list = append(list, child)
	}
	return list
}

// path returns the names from the system down to the actor.
func (c *cell) path() string {
	switch {
	case c.parent == nil:
		return "system"
	case c.parent.parent == nil:
		return c.label()
	default:
		return c.parent.path() + "/" + c.label()
	}
}

func (c *cell) label() string {
	if c.name == "" {
		return "(unnamed)"
	}
	return c.name
}
