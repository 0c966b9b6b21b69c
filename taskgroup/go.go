package taskgroup

import (
	"context"
	"reflect"

	"github.com/interleave-go/interleave/internal/explore"
)

// Go starts fn as a task of the group. It does not block: if the group has a [Limit]
// that is reached, the task is queued.
//
// fn is called whatever happens, on a goroutine that it does not share with the
// body or with a task that runs at the same time; in a group whose context has
// ended it is called with a context that has ended. Go can be called by the body,
// by tasks, and by goroutines that they started. It panics if Run has returned.
func (g *Group) Go(fn func(ctx context.Context) error, opts ...TaskOption) {
	if len(opts) > 0 {
		g.start(new(details), fn, pcOf(fn), opts)
		return
	}
	explore.Point("taskgroup: about to go")
	g.scheduler.mu.Lock()
	t := g.spareLocked()
	t.group, t.fn = g, fn
	g.admitUnlock(t)
}

// spareLocked returns a new task. Tasks are allocated together, but not many: one that
// is in use keeps them all.
func (g *Group) spareLocked() *task {
	if len(g.spare) == 0 {
		g.spare = make([]task, 8)
	}
	t := &g.spare[0]
	g.spare = g.spare[1:]
	return t
}

// start starts fn as d, a new task, with what opts say; it is named after the function
// at pc unless they name it.
func (g *Group) start(d *details, fn func(context.Context) error, pc uintptr, opts []TaskOption) {
	var c taskConfig
	for _, opt := range opts {
		opt(&c)
	}
	d.task = task{group: g, details: d, fn: fn, daemon: c.daemon}
	d.name, d.pc, d.ctx = c.name, pc, g.ctx
	if c.daemon {
		d.ctx = g.daemonContext()
	}
	if d.own {
		d.ctx, d.cancel = context.WithCancel(d.ctx)
	}
	if c.timeout != nil {
		c.timeout.Name = c.name
		d.fn = c.timeout.limit(fn)
	}
	explore.Point("taskgroup: about to start")
	g.scheduler.mu.Lock()
	g.admitUnlock(&d.task)
}

// admitUnlock makes t a task of the group and has it run. It needs the mutex and unlocks it.
func (g *Group) admitUnlock(t *task) {
	if g.running == 0 {
		g.scheduler.mu.Unlock()
		panic("taskgroup: task started after Run returned")
	}
	g.running++
	if !t.daemon {
		g.regular++
	}
	g.tasks.add(t)
	t.since = g.scheduler.nowLocked()
	t.acquireLocked(g.limiter)
	g.scheduler.unlock()
}

// daemonContext returns the context of the daemon tasks.
func (g *Group) daemonContext() context.Context {
	ctx, cancel := context.WithCancel(g.ctx)
	g.scheduler.mu.Lock()
	if g.daemons == nil {
		g.daemons, g.stopDaemons = ctx, cancel
		cancel = nothing
	}
	ctx = g.daemons
	g.scheduler.mu.Unlock()
	cancel()
	return ctx
}

// pcOf returns where the code of the function fn is.
func pcOf(fn any) uintptr { return reflect.ValueOf(fn).Pointer() }
