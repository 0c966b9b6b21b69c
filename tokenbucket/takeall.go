package tokenbucket

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// TakeAll takes n tokens from each of the buckets, or from none: for a request
// that counts against the rate of its host and that of the whole program, say. It
// blocks until it is its turn in all of them. Until then it has its place in each
// from the moment of the call, and what it gets from one while it waits for
// another is set aside for it. Calls cannot block each other, whatever the order in
// which they name the buckets.
//
// With an error, which is one that [Bucket.Take] returns, each bucket is as if the
// call had never been made. A bucket that is named twice counts once. It panics if n is negative.
func TakeAll(ctx context.Context, n int, buckets ...*Bucket) error {
	checkTokens(n)
	if err := ctx.Err(); err != nil {
		return err
	}
	// In one order for all, or two calls could wait for each other's mutex.
	var array [4]*Bucket
	ordered := append(array[:0], buckets...)
	slices.SortFunc(ordered, func(a, b *Bucket) int { return cmp.Compare(a.id, b.id) })
	ordered = slices.Compact(ordered)
	if tryAll(ordered, n) {
		return nil
	}
	deadline, bounded := ctx.Deadline()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waiters := make([]*waitq.Waiter[claim], len(ordered))
	for i := range waiters {
		waiters[i] = waitq.NewWaiter(ctx, claim{n: n, kept: true})
		waiters[i].Value.waiter = waiters[i]
	}
	explore.Point("tokenbucket: about to wait for all")
	if err := claimAll(ordered, waiters, deadline, bounded); err != nil {
		return err
	}
	var err error
	for i, b := range ordered {
		if e := b.waiting.Wait(&b.mu, waiters[i], nil); e != nil && err == nil {
			err = e
			cancel() // nobody waits for the others any more
		}
	}
	for i, b := range ordered {
		explore.Point("tokenbucket: about to settle one of all")
		b.settle(&waiters[i].Value, err)
	}
	return err
}

func tryAll(ordered []*Bucket, n int) bool {
	lockAll(ordered)
	defer leaveAll(ordered)
	for _, b := range ordered {
		if !b.couldTakeLocked(n) {
			return false
		}
	}
	for _, b := range ordered {
		b.spendLocked(n)
	}
	return true
}

// claimAll claims the tokens of the waiters, or returns why one of them must not
// wait.
func claimAll(ordered []*Bucket, waiters []*waitq.Waiter[claim], deadline time.Time, bounded bool) error {
	lockAll(ordered)
	defer leaveAll(ordered)
	var late *DeadlineError
	for i, b := range ordered {
		err := b.checkLocked(waiters[i].Value.n, deadline, bounded)
		if e, ok := err.(*DeadlineError); ok {
			if late == nil || late.RetryAt.Before(e.RetryAt) {
				late = e
			}
		} else if err != nil {
			return err
		}
	}
	if late != nil {
		return late
	}
	for i, b := range ordered {
		b.claimLocked(&waiters[i].Value)
	}
	return nil
}

func lockAll(ordered []*Bucket) {
	for _, b := range ordered {
		b.mu.Lock()
		b.enterLocked()
	}
}

func leaveAll(ordered []*Bucket) {
	for _, b := range ordered {
		b.leave()
	}
}

// settle ends the claim c: it was taken, or with an error it never was.
func (b *Bucket) settle(c *claim, err error) {
	b.mu.Lock()
	b.enterLocked()
	if err != nil {
		b.cancelLocked(c)
	} else {
		b.held -= uint64(c.n)
		b.claims.remove(c)
	}
	b.leave()
}
