package barrier

import (
	"context"

	"github.com/interleave-go/interleave/internal/waitq"
)

// Latch is a count that goes down to zero, once. It is for work that can be
// waited for with a context, and by more than one; a sync.WaitGroup waits without
// and can count up. Create one with [NewLatch].
type Latch struct {
	mu    waitq.Mutex // guards count
	count int
	gate  waitq.Gate // open once count is zero
}

// NewLatch returns a latch that opens after n calls of CountDown; with n zero it
// is open. It panics if n is negative.
func NewLatch(n int) *Latch {
	if n < 0 {
		panic("barrier: negative count")
	}
	l := &Latch{count: n}
	if n == 0 {
		l.gate.OpenLocked() // nobody has it yet
	}
	return l
}

// CountDown takes one from the count; at zero it does nothing. It never blocks.
//
// Every CountDown synchronizes before the return of a Wait that it allowed.
func (l *Latch) CountDown() { l.CountDownBy(1) }

// CountDownBy takes n from the count, which stops at zero. It panics if n is
// negative.
func (l *Latch) CountDownBy(n int) {
	if n < 0 {
		panic("barrier: negative count")
	}
	l.mu.Lock()
	if l.count -= min(n, l.count); l.count == 0 {
		l.gate.OpenAndUnlock(&l.mu)
	} else {
		l.mu.Unlock()
	}
}

// Count returns the current count.
func (l *Latch) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Wait blocks until the count is zero or ctx ends. It returns ctx.Err() if ctx
// has ended, even if the count is zero by then.
func (l *Latch) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil || l.gate.IsOpen() {
		return err
	}
	l.gate.Wait(&l.mu, ctx.Done())
	return ctx.Err()
}
