package workerpool

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/internal/waitq"
)

// A task is what a worker knows of a task that it runs.
type task struct {
	ctx     *taskContext
	run     func(context.Context) error
	promise *promise // of the result, or nil

	// A task that waits for another one of the pool lends its worker to that.
	lender *task       // the one that lent the worker to this one, or nil
	lent   bool        // this one has lent it
	back   *waitq.Gate // open when it has it back
	wants  []*promise  // that other goroutines of the task wait for in the meantime

	reported  bool // to OnError
	skipped   bool // not called, since its context had ended
	goroutine int  // on which it runs, if that is not the worker's
}

// A taskContext is the context of a task that has begun. It is small, and there is no more
// than that for the collector when the task has ended.
type taskContext struct {
	worker  *worker
	parent  context.Context           // the submitter's
	foreign bool                      // the task runs on the goroutine of its submitter
	merged  atomic.Pointer[cancelCtx] // parent, but ended by Close too; made when needed
}

type cancelCtx struct {
	context.Context
	cancel context.CancelCauseFunc
}

// over is the merged context of tasks that ended without anybody having needed one.
var over = func() *cancelCtx {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(nil)
	return &cancelCtx{ctx, cancel}
}()

// merge returns the context that ends with the submitter's and with the pool.
func (c *taskContext) merge() context.Context {
	if m := c.merged.Load(); m != nil {
		return m
	}
	ctx, cancel := context.WithCancelCause(c.parent)
	if !c.merged.CompareAndSwap(nil, &cancelCtx{ctx, cancel}) {
		cancel(nil)
	} else if c.worker.pool.closed.Load() {
		cancel(ErrClosed)
	}
	return c.merged.Load()
}

// end ends the context, since its task has.
func (c *taskContext) end() {
	if !c.merged.CompareAndSwap(nil, over) {
		c.merged.Load().cancel(nil)
	}
}

// Deadline implements context.Context.
func (c *taskContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// Done implements context.Context.
func (c *taskContext) Done() <-chan struct{} { return c.merge().Done() }

// Err implements context.Context.
func (c *taskContext) Err() error {
	if c.merged.Load() == nil && !c.worker.pool.closed.Load() && c.parent.Err() == nil {
		return nil
	}
	return c.merge().Err() // which does not change any more when the task ends
}

// A taskKey is the key of the context of the task of pool within which a context is used.
type taskKey struct{ pool *Pool }

// currentKey is the key of that of the innermost task, whatever its pool.
type currentKey struct{}

// Value implements context.Context.
func (c *taskContext) Value(key any) any {
	switch key := key.(type) {
	case taskKey:
		if key.pool == c.worker.pool && !c.foreign {
			return c
		}
	case currentKey:
		return c
	}
	if m := c.merged.Load(); m != nil && m != over {
		return m.Value(key)
	}
	return c.parent.Value(key)
}

// within returns the context of the task of p that ctx was given to, or nil.
func (p *Pool) within(ctx context.Context) *taskContext {
	c, _ := ctx.Value(taskKey{p}).(*taskContext)
	return c
}

// taskLocked returns the task that c was given to, or nil if that has ended or c is nil.
func (c *taskContext) taskLocked() *task {
	if c == nil {
		return nil
	}
	t := c.worker.task
	for t != nil && t.ctx != c {
		t = t.lender
	}
	return t
}
