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
// call had never been made. A bucket that is named twice counts once. It panics if
// n is negative.
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
	done := ctx.Done()
	all := &together{claims: make([]claim, len(ordered)), left: len(ordered)}
	for i := range all.claims {
		c := &all.claims[i]
		c.n, c.all, c.waits, c.done = n, all, true, done
	}
	explore.Point("tokenbucket: about to wait for all")
	if err := claimAll(ordered, all.claims, deadline, bounded); err != nil {
		return err
	}
	open := all.gate.Wait(&all.mu, done)
	var err error
	if open {
		err = all.err
	} else {
		err = ctx.Err()
	}
	for i, b := range ordered {
		explore.Point("tokenbucket: about to settle one of all")
		b.settle(&all.claims[i], open && err == nil)
	}
	return err
}

// together are the claims of one call to the tokens of several buckets.
type together struct {
	claims []claim

	mu   waitq.Mutex // guards the fields below; taken after those of buckets
	gate waitq.Gate  // opened when all are granted, or one has failed
	left int         // those that wait
	err  error       // why one has failed
}

// settle counts a claim that is granted, or failed with err.
func (t *together) settle(err error) {
	t.mu.Lock()
	if t.left--; err != nil && t.err == nil {
		t.err = err
	}
	if t.left == 0 || err != nil {
		t.gate.OpenLocked()
	}
	t.mu.Unlock()
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

// claimAll puts all in the lists of the buckets, or returns why one of them must not
// wait.
func claimAll(ordered []*Bucket, all []claim, deadline time.Time, bounded bool) error {
	lockAll(ordered)
	defer leaveAll(ordered)
	var late *DeadlineError
	for i, b := range ordered {
		err := b.checkLocked(all[i].n, deadline, bounded)
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
		b.claimLocked(&all[i])
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

// settle ends the claim c: it was taken, or it never was.
func (b *Bucket) settle(c *claim, taken bool) {
	b.mu.Lock()
	b.enterLocked()
	if !taken {
		b.cancelLocked(c)
	} else {
		b.held -= uint64(c.n)
		b.claims.forget(c)
	}
	b.leave()
}
