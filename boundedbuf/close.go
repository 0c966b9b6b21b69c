package boundedbuf

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// Close lets no more items in. Waiting puts return [ErrClosed]; gets take what
// is left and then return it too. Closing again does nothing.
func (b *Buffer[T]) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.serveLocked()
}

// CloseNow is Close, and returns what is left in the buffer in the order in which
// it would have left. These items count as done for [Buffer.Join].
func (b *Buffer[T]) CloseNow() []T {
	b.mu.Lock()
	defer b.mu.Unlock() // even if less panics
	items := b.items.drain()
	b.closed = true
	b.doneLocked(len(items))
	b.serveLocked()
	return items
}

// Done tells that an item, which was got before, has been dealt with: see
// [Buffer.Join]. It panics if it is called more often than items were got.
func (b *Buffer[T]) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unfinished == b.items.len() {
		panic("boundedbuf: Done called more often than items were got")
	}
	b.doneLocked(1)
}

func (b *Buffer[T]) doneLocked(n int) {
	if b.unfinished -= n; b.unfinished == 0 {
		b.joiners.GrantAllLocked()
	}
}

// Join blocks until Done was called for every item that was put, or returns
// ctx.Err() once ctx has ended. Items that were dropped ([WhenFull]) or returned
// by CloseNow need no Done.
//
// Every call of Done that Join waited for synchronizes before its return.
func (b *Buffer[T]) Join(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := waitq.NewWaiter(ctx, struct{}{})
	explore.Point("boundedbuf: about to join")
	b.mu.Lock()
	if b.unfinished == 0 {
		b.mu.Unlock()
		return nil
	}
	b.joiners.PushLocked(w)
	b.mu.Unlock()
	return b.joiners.Wait(&b.mu, w, nil)
}
