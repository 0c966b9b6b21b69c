package actor

import (
	"container/list"
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
// To publish takes no lock but those of the mailboxes, and does not allocate; to subscribe takes
// time in proportion to the number of subscribers.
type Topic[T any] struct {
	mu          waitq.Mutex // guards changes of subscribers
	subscribers atomic.Pointer[[]*subscriber[T]]
}

// A subscriber is an actor that has subscribed once.
type subscriber[T any] struct {
	topic  *Topic[T]
	target *cell
	theirs *list.Element // in the target's watchers, guarded by its mu; nil if it is not to be there
	tell   func(ctx context.Context, v T, wait bool) error
}

// Subscribe has the actor told, from now on, what message makes of each value that is
// published. message is called by who publishes. It ends when the actor has stopped, before
// [Ref.Stop] returns, or when unsubscribe is called; what is being published just then may
// still come. An actor that has subscribed twice is told twice. Restarts change nothing;
// so it is better done by who spawns the actor than in Started.
func Subscribe[T, M any](topic *Topic[T], ref *Ref[M], message func(v T) M) (unsubscribe func()) {
	s := &subscriber[T]{topic: topic, target: &ref.actor.cell, tell: func(ctx context.Context, v T, wait bool) error {
		return ref.actor.send(ctx, envelope[M]{message: message(v)}, wait)
	}}
	topic.update(func(list []*subscriber[T]) []*subscriber[T] { return append(list, s) })
	explore.Point("actor: about to watch a subscriber")
	s.target.observe(s, &s.theirs)
	return s.remove
}

// fire has the topic forget the subscriber, which has stopped.
func (s *subscriber[T]) fire() {
	s.topic.update(func(list []*subscriber[T]) []*subscriber[T] {
		return slices.DeleteFunc(list, func(other *subscriber[T]) bool { return other == s })
	})
}

// remove ends the subscription.
func (s *subscriber[T]) remove() {
	s.fire()
	s.target.disregard(&s.theirs)
}

// update changes the subscribers, of which change gets a copy.
func (t *Topic[T]) update(change func([]*subscriber[T]) []*subscriber[T]) {
	explore.Point("actor: about to change a topic")
	t.mu.Lock()
	defer t.mu.Unlock()
	list := change(slices.Clone(t.list()))
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
	for _, s := range t.list() {
		explore.Point("actor: about to tell a subscriber")
		switch err := s.tell(ctx, v, wait); {
		case err == nil, errors.Is(err, ErrStopped):
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			errs = append(errs, fmt.Errorf("%s: %w", s.target.path(), err))
		}
	}
	return errors.Join(errs...)
}

// Len returns how many there are to be told.
func (t *Topic[T]) Len() int { return len(t.list()) }
