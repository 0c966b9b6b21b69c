package actor

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// An ask is a question that waits for its reply.
type ask struct {
	tag
	target *cell // that was asked
	from   *cell // the actor that has asked, nil if none
	via    *ask  // that it was handling
	taken  bool  // out of the mailbox; belongs to whoever runs the target

	// Guarded by mu of the target.
	linked     bool        // it is one of those to the target
	replied    bool        // by somebody who had the Reply
	settled    atomic.Bool // there is a reply, or err; set with mu held, and never again
	prev, next *ask        // of those to the same target
	err        error
	reply      waitq.Gate // open once it is settled
}

// question is an ask with the type of its reply.
type question[R any] struct {
	ask
	value R // of the reply; guarded by mu of the target until that is there
}

// A Reply is where the answer to an [Ask] goes. It can be kept and passed on, to be used
// later and by any goroutine. The ask ends with the incarnation of the actor that was asked, not
// with whom the Reply was passed on to. To use the zero value, or one that was used before or is
// not waited for any more, does nothing; so a message with a Reply can also be told.
type Reply[R any] struct{ question *question[R] }

// Send answers with v. It does not block.
func (r Reply[R]) Send(v R) {
	if q := r.question; q != nil {
		q.answer(func() { q.value = v }, nil)
	}
}

// Fail answers with err, which [Ask] returns. It does not block. It panics if err is nil.
func (r Reply[R]) Fail(err error) {
	if err == nil {
		panic("actor: Fail with nil")
	}
	if r.question != nil {
		r.question.answer(func() {}, err)
	}
}

func (q *question[R]) answer(set func(), err error) {
	explore.Point("actor: about to reply")
	if q.settled.Load() {
		return
	}
	q.target.mu.Lock()
	if !q.settled.Load() {
		set()
		q.replied = true
		q.target.settleLocked(&q.ask, err)
	}
	q.target.mu.Unlock()
}

// Ask sends the message that message returns to the actor, and waits for what the actor
// sends to the [Reply] that the message carries. message is called once, by the caller.
//
// It returns ctx.Err() if ctx ends before there is a reply; the message is then skipped unless
// the actor has begun to handle it, and a reply goes nowhere. If the actor fails while it handles the
// message, Ask returns that failure; [ErrRestarted] if it fails on another one before it
// has replied, and [ErrStopped] if it stops; [ErrFull] or [ErrDropped] by the [Policy] of the
// mailbox.
//
// An actor must give its [Context], or one derived from it, as ctx: Ask then ends when the actor
// is to, and returns a [*CycleError] instead of asking an actor on whose behalf, directly or over
// others, it handles its message. Two that ask each other because of different messages wait
// until a ctx ends.
func Ask[R, M any](ctx context.Context, ref *Ref[M], message func(Reply[R]) M) (R, error) {
	q, err := pose(ctx, ref, message)
	if err != nil {
		var none R
		return none, err
	}
	return q.await(ctx)
}

// pose sends a question.
func pose[R, M any](ctx context.Context, ref *Ref[M], message func(Reply[R]) M) (*question[R], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	target := ref.actor
	q := &question[R]{ask: ask{target: &target.cell}}
	q.tag.ask = &q.ask
	if from := caller(ctx); from != nil {
		if cycle := cycleTo(ctx, &target.cell, false); cycle != nil {
			return nil, cycle
		}
		q.from, q.via = from, from.typed.asked()
		if q.via != nil && q.via.settled.Load() {
			q.via = nil // nobody waits for that, and it need not be kept
		}
	}
	if err := target.send(ctx, envelope[M]{message(Reply[R]{q}), &q.tag}, true); err != nil {
		return nil, err
	}
	return q, nil
}

// await waits for the reply to a question that was accepted.
func (q *question[R]) await(ctx context.Context) (R, error) {
	if !q.reply.Wait(&q.target.mu, ctx.Done()) {
		err := ctx.Err() // can be code of the user
		q.target.mu.Lock()
		q.target.settleLocked(&q.ask, err)
		q.target.mu.Unlock()
	}
	if q.err != nil {
		var none R
		return none, q.err
	}
	return q.value, nil
}

// withdrawn reports whether who has asked does not wait any more, without a reply.
func (a *ask) withdrawn() bool { return a.settled.Load() && !a.replied }

// linkLocked adds an ask of the actor, unless that has a reply before it was accepted.
func (c *cell) linkLocked(a *ask) {
	if a.settled.Load() {
		return
	}
	a.linked = true
	m := c.needMoreLocked()
	if a.next = m.asks; a.next != nil {
		a.next.prev = a
	}
	m.asks = a
}

// settleLocked ends an ask of the actor, whether or not that was accepted.
func (c *cell) settleLocked(a *ask, err error) {
	if a.settled.Load() {
		return
	}
	if a.linked {
		c.unlinkLocked(a)
	}
	a.err = err
	a.settled.Store(true)
	a.reply.OpenLocked()
}

func (c *cell) unlinkLocked(a *ask) {
	if a.prev == nil {
		c.more.asks = a.next
	} else {
		a.prev.next = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	}
	a.prev, a.next = nil, nil
}

// forsakeLocked ends the asks that the incarnation has taken, or all.
func (c *cell) forsakeLocked(all bool, err error) {
	for a := c.more.asks; a != nil; {
		next := a.next
		if all || a.taken {
			c.settleLocked(a, err)
		}
		a = next
	}
}

// forsakeBelowLocked ends the asks that somebody below the actor waits for, since it is
// about to wait for those.
func (c *cell) forsakeBelowLocked() {
	for a := c.more.asks; a != nil; {
		next := a.next
		if a.fromBelow(c) {
			c.settleLocked(a, ErrStopped)
		}
		a = next
	}
}

// fromBelow reports whether an actor below c waits for the reply.
func (a *ask) fromBelow(c *cell) bool {
	for ; a != nil && !a.settled.Load(); a = a.via {
		for up := a.from; up != nil; up = up.parent {
			if up == c {
				return true
			}
		}
	}
	return false
}

// callerKey is for the actor of a [Context], as its value.
type callerKey struct{}

// caller returns the actor that ctx is of, nil if none.
func caller(ctx context.Context) *cell {
	c, _ := ctx.Value(callerKey{}).(*cell)
	return c
}

// cycleTo returns a [*CycleError] if target waits for the caller, and nil otherwise. With
// its end, target also waits for all who are below it.
func cycleTo(ctx context.Context, target *cell, end bool) error {
	c := caller(ctx)
	if c == nil {
		return nil
	}
	var path []string
	for a := c.typed.asked(); ; c, a = a.from, a.via {
		path = append(path, c.path())
		for up := c; up != nil && (up == c || end); up = up.parent {
			if up == target {
				if up != c {
					path = append(path, target.path())
				}
				slices.Reverse(path)
				return &CycleError{Path: path}
			}
		}
		if a == nil || a.settled.Load() || a.from == nil {
			return nil
		}
	}
}
