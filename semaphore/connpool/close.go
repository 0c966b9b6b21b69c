package connpool

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/interleave-go/interleave/internal/waitq"
)

// Close closes the pool. Calls of Acquire that wait return [ErrClosed] at once,
// as do all later ones; the contexts of dials end; idle connections are closed.
// Then it waits until those that are lent have been released and closed.
//
// If ctx ends first, which it may have done before, it returns a [*HeldError]
// that says who holds the others. They are still closed when they are released,
// and Close can be called again to go on waiting.
func (p *Pool[T]) Close(ctx context.Context) error {
	w := waitq.NewWaiter(ctx, struct{}{})
	p.units.Close()
	p.mu.Lock()
	p.closed = true
	var cancels []context.CancelFunc
	for j := range p.jobs {
		if j.cancel != nil { // else it will see that the pool was closed
			cancels = append(cancels, j.cancel)
		}
	}
	p.closers.PushLocked(w)
	p.serveLocked()
	p.mu.Unlock()
	for _, cancel := range cancels {
		cancel()
	}
	err := p.closers.Wait(&p.mu, w, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || p.quietLocked() {
		return nil
	}
	held := &HeldError{Open: p.open, Err: err}
	p.readClockLocked()
	for _, e := range p.all {
		if e.state == lent {
			held.Holders = append(held.Holders, p.holderLocked(e))
		}
	}
	return held
}

// HeldError is the error of a Close whose context ended before every connection
// was closed.
type HeldError struct {
	Open    int      // connections that are open, those included that are being dialled or closed
	Holders []Holder // those that are lent
	Err     error    // the error of the context
}

func (e *HeldError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "connpool: %v: %d connections are open, %d of them lent", e.Err, e.Open, len(e.Holders))
	for _, h := range e.Holders {
		if h.Stack != "" {
			fmt.Fprintf(&b, "\n\nfor %v, to\n%s", h.Held, h.Stack)
		}
	}
	return b.String()
}

// Unwrap returns the error of the context.
func (e *HeldError) Unwrap() error { return e.Err }

// Holder is who has a connection on loan. Its fields are known only if
// Config.LeakAfter is set.
type Holder struct {
	Held  time.Duration // since when
	Stack string        // of the call of Acquire
}

func (p *Pool[T]) holderLocked(e *entry[T]) Holder {
	if e.stack == nil {
		return Holder{}
	}
	var b strings.Builder
	for frames := runtime.CallersFrames(e.stack); ; {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return Holder{Held: p.now - e.lentAt, Stack: b.String()}
		}
	}
}

// stack returns where Acquire was called from, if that is to be known.
func (p *Pool[T]) stack() []uintptr {
	if p.cfg.LeakAfter == 0 {
		return nil
	}
	pcs := make([]uintptr, 32)
	return pcs[:runtime.Callers(3, pcs)]
}

// leaksLocked returns the loans that have become too long, and when the next one
// does.
func (p *Pool[T]) leaksLocked() (leaks []Holder, next time.Duration) {
	next = forever
	if p.cfg.OnLeak == nil {
		return nil, next
	}
	for _, e := range p.all {
		if e.state != lent || e.leaked {
			continue
		}
		if due := e.lentAt + p.cfg.LeakAfter; p.now < due {
			next = min(next, due)
			continue
		}
		e.leaked = true
		leaks = append(leaks, p.holderLocked(e))
	}
	return leaks, next
}
