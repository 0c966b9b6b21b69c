package workerpool

import (
	"context"
	"reflect"
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

// A taskContext is the context of a task that has begun. There is a new one for each task,
// since somebody may keep it. It is small, for to collect those of tasks of nanoseconds is
// a good part of what these cost.
type taskContext struct {
	*origin
	merged atomic.Pointer[cancelCtx] // parent, but ended by Close too; made when needed
}

// An origin is what the contexts of tasks have in common that have the same worker and the
// same submitter's context.
type origin struct {
	worker  *worker
	parent  context.Context // the submitter's
	foreign bool            // the task runs on the goroutine of its submitter
	shared  bool            // by tasks with an equal parent, since to compare that cannot panic
}

// newContextLocked returns a context for a task of w.
func (w *worker) newContextLocked(parent context.Context) *taskContext {
	// Several are made together, but not many: one that is in use keeps them all.
	if o := w.origin; o == nil || !o.shared || o.parent != parent {
		if len(w.origins) == 0 {
			w.origins = make([]origin, 8)
		}
		w.origin, w.origins = &w.origins[0], w.origins[1:]
		t := reflect.TypeOf(parent)
		shared := t.Kind() == reflect.Pointer || t.Size() == 0 && t.Comparable() // such as Background
		*w.origin = origin{worker: w, parent: parent, shared: shared}
	}
	if len(w.contexts) == 0 {
		w.contexts = make([]taskContext, 32)
	}
	c := &w.contexts[0]
	w.contexts = w.contexts[1:]
	c.origin = w.origin
	return c
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
