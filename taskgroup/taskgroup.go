package taskgroup

import (
	"context"
	"errors"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/internal/waitq"
)

// ErrGoexit is the failure of a task that ended its goroutine with
// runtime.Goexit, as testing.T.FailNow does.
var ErrGoexit = errors.New("taskgroup: task called runtime.Goexit")

// PanicError is what Run panics with after a task or the body has panicked. It
// carries the value, the stack of the goroutine that panicked, and what else failed.
type PanicError = panics.PanicError

// epoch is what ages are measured from: cheaper than time.Now.
var epoch = time.Now()

// Group is the scope of one [Run].
//
// Invariants:
//   - running counts the body and the tasks that have not ended; once it is
//     zero it stays zero and idle is open.
//   - regular is running without the daemons.
//   - ctx is cancelled only after the failure that is its cause was recorded.
//   - scheduler is own unless a limit further out covers the group.
type Group struct {
	config
	run       func(context.Context, *Group) error
	ctx       context.Context
	cancel    context.CancelCauseFunc
	scheduler *scheduler
	limiter   *limiter // the innermost that covers the tasks, or nil
	parent    *task    // in which the group runs, or nil
	body      task

	// Guarded by the mutex of the scheduler.
	tasks            list // those that have not ended, the body excepted
	running, regular int
	idle             waitq.Gate
	failures         []error // in the order they happened
	panicked         *PanicError
	daemons          context.Context // of daemon tasks, nil if there were none
	stopDaemons      context.CancelFunc
	stopping         bool   // stopDaemons was or is about to be called
	spare            []task // allocated together

	// Guarded by the mutex of the scheduler of parent.
	older, newer *Group

	own   scheduler
	early [2]task // the first spare ones
}

// Run calls body, and waits until body and all tasks of the group have ended.
// If ctx has ended already it returns ctx.Err() and body is not called.
//
// body and the tasks share a context that is cancelled when ctx ends, when one
// of them fails, and when Run returns; its cause is the first failure. To fail
// is to return an error, to panic, or to call runtime.Goexit.
//
// Run returns nil if nothing failed. Otherwise it returns the first failure,
// joined with those of the others in their order; errors that say no more than
// that the group's context has ended are left out once there is another. If ctx has
// ended as well, errors.Is finds ctx.Err() in what a failed Run returns, unless it is the
// group that ctx belongs to that has ended: its own Run says why.
//
// If a task or body panicked, Run panics with a [*PanicError] in place of
// returning, after all tasks have ended; see [OnPanic]. If body called
// runtime.Goexit, the tasks are cancelled and awaited, and the goroutine goes on to
// exit.
//
// A Run whose ctx is that of a task, or was derived from it, is part of that task:
// it appears there in [Group.Tree], and a [Limit] that covers the task covers it.
//
// The end of every task synchronizes before the return of Run.
func Run(ctx context.Context, body func(ctx context.Context, g *Group) error, opts ...Option) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := &Group{run: body}
	for _, opt := range opts {
		opt(&g.config)
	}
	within := ctx
	if g.timeout != nil {
		g.timeout.Name = g.name
		var cancel context.CancelFunc
		within, cancel = context.WithTimeoutCause(ctx, g.timeout.Timeout, g.timeout)
		defer cancel()
		if within.Err() != nil {
			return g.timeout.instead(within, within.Err())
		}
	}
	g.ctx, g.cancel = context.WithCancelCause(within)
	g.open(taskOf(ctx))
	func() {
		defer g.join() // also when body calls runtime.Goexit
		g.body.end(g.body.call())
	}()
	return g.result(ctx)
}

// open makes g ready for tasks.
func (g *Group) open(parent *task) {
	g.scheduler = &g.own
	g.running, g.regular = 1, 1
	g.spare = g.early[:]
	g.body = task{group: g, state: Running, since: time.Since(epoch)}
	if parent != nil && parent.adopt(g) { // from here on others see g in the tree
		g.parent = parent
	}
	if g.limit > 0 {
		g.limiter = &limiter{outer: g.limiter, free: g.limit}
	}
}

// adopt makes g part of t, unless t has ended, and reports whether it did.
func (t *task) adopt(g *Group) bool {
	outer := t.group
	outer.scheduler.mu.Lock()
	defer outer.scheduler.mu.Unlock()
	if t.ended() {
		return false
	}
	if holder := t.slotHolder(); holder != nil {
		g.scheduler, g.limiter = holder.group.scheduler, holder.group.limiter
	}
	g.older = t.groups
	if g.older != nil {
		g.older.newer = g
	}
	t.groups = g
	return true
}

// leave undoes adopt.
func (t *task) leave(g *Group) {
	outer := t.group
	outer.scheduler.mu.Lock()
	defer outer.scheduler.mu.Unlock()
	if g.newer == nil {
		t.groups = g.older
	} else {
		g.newer.older = g.older
	}
	if g.older != nil {
		g.older.newer = g.newer
	}
}

// join waits for the tasks, and panics if one of them has.
func (g *Group) join() {
	g.wait(&g.idle, g.parent, nil)
	explore.Point("taskgroup: joined")
	g.cancel(nil)
	if g.parent != nil {
		g.parent.leave(g)
	}
	if g.panicked != nil {
		others := make([]error, 0, len(g.failures))
		for _, err := range g.failures {
			if err != error(g.panicked) {
				others = append(others, err)
			}
		}
		panic(g.panicked.With(others))
	}
}

// endedAround reports whether the group in which g runs has ended.
func (g *Group) endedAround() bool { return g.parent != nil && g.parent.group.ctx.Err() != nil }

// result joins the failures once all tasks have ended.
func (g *Group) result(ctx context.Context) error {
	if len(g.failures) == 0 {
		return nil
	}
	failures := g.failures
	// The group's own cancel must not hide that the caller's context or the time ended.
	if err := ctx.Err(); err != nil && !errors.Is(failures[0], err) && !g.endedAround() {
		failures = append(failures, err)
	}
	if e := g.timeout; e != nil && context.Cause(g.ctx) == error(e) && !errors.Is(failures[0], e) {
		failures = append(failures, e)
	}
	if len(failures) == 1 {
		return failures[0]
	}
	return errors.Join(failures...)
}
