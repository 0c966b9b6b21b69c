package actor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A Topic tells what is published to all actors that have subscribed. The zero value is
// ready to use. It has no goroutine: who publishes tells each subscriber.
//
// To publish takes no lock; to subscribe takes time in proportion to the number of
// subscribers.
type Topic[T any] struct {
	mu          waitq.Mutex // guards changes of subscribers
	subscribers atomic.Pointer[[]*subscriber[T]]
}

type subscriber[T any] struct {
	actor Actor
	tell  func(ctx context.Context, v T, wait bool) error
}

// Subscribe has the actor told, from now on, what message makes of each value that is
// published. message is called by who publishes. It ends when unsubscribe is called, or when
// the actor has stopped; the topic forgets such a one when it is used next.
func Subscribe[T, M any](topic *Topic[T], ref *Ref[M], message func(v T) M) (unsubscribe func()) {
	s := &subscriber[T]{actor: ref, tell: func(ctx context.Context, v T, wait bool) error {
		return ref.actor.send(ctx, envelope[M]{message: message(v)}, wait)
	}}
	topic.update(func(list []*subscriber[T]) []*subscriber[T] { return append(list, s) })
	return func() {
		topic.update(func(list []*subscriber[T]) []*subscriber[T] {
			return slices.DeleteFunc(list, func(other *subscriber[T]) bool { return other == s })
		})
	}
}

// update changes the subscribers, of which change gets a copy without those that have
// stopped.
func (t *Topic[T]) update(change func([]*subscriber[T]) []*subscriber[T]) {
	explore.Point("actor: about to change a topic")
	t.mu.Lock()
	defer t.mu.Unlock()
	list := change(slices.DeleteFunc(slices.Clone(t.list()), func(s *subscriber[T]) bool {
		return s.actor.parentCell().hasLeft()
	}))
	t.subscribers.Store(&list)
}

func (t *Topic[T]) list() []*subscriber[T] {
	if list := t.subscribers.Load(); list != nil {
		return *list
	}
	return nil
}

// Publish tells all subscribers, one after the other, as [Ref.Tell] does: where a mailbox is
// full it waits for room. That one of them cannot be told keeps it from telling no other one,
// unless ctx has ended: then it returns ctx.Err(), and some may have been told. It returns what
// kept it from telling others, joined; that a subscriber has stopped is no error.
//
// What one goroutine publishes comes to each subscriber in order.
func (t *Topic[T]) Publish(ctx context.Context, v T) error { return t.publish(ctx, v, true) }

// TryPublish is Publish without waiting: the errors are [ErrFull].
func (t *Topic[T]) TryPublish(v T) error { return t.publish(context.Background(), v, false) }

func (t *Topic[T]) publish(ctx context.Context, v T, wait bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var errs []error
	stopped := false
	for _, s := range t.list() {
		explore.Point("actor: about to tell a subscriber")
		switch err := s.tell(ctx, v, wait); {
		case err == nil:
		case errors.Is(err, ErrStopped):
			stopped = true
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			errs = append(errs, fmt.Errorf("%s: %w", s.actor.Path(), err))
		}
	}
	if stopped {
		t.update(func(list []*subscriber[T]) []*subscriber[T] { return list })
	}
	return errors.Join(errs...)
}

// Len returns how many have subscribed and not stopped.
func (t *Topic[T]) Len() int {
	n := 0
	for _, s := range t.list() {
		if !s.actor.parentCell().hasLeft() {
			n++
		}
	}
	return n
}

// hasLeft reports whether the actor has stopped.
func (c *cell) hasLeft() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}
