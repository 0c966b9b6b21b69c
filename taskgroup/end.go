package taskgroup

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
)

// end ends the task, whose function has ended with err.
func (t *task) end(err error, panicked bool) {
	s := t.group.scheduler
	state := t.conclude(err, panicked)
	explore.Point("taskgroup: about to end")
	s.mu.Lock()
	stopDaemons := t.endLocked(state, err)
	s.unlock()
	stopDaemons()
}

// conclude does what there is to do without the mutex when the function of the task
// has ended with err.
func (t *task) conclude(err error, panicked bool) State {
	d := t.details
	if d != nil && d.cancel != nil {
		d.cancel()
	}
	state := t.record(err, panicked)
	if d != nil && d.after != nil {
		d.after(err)
	}
	return state
}

// record records err with the group if it is a failure of the group, which it cancels
// then.
func (t *task) record(err error, panicked bool) State {
	g := t.group
	if err == nil {
		return Succeeded
	}
	// Outside the mutex, as cancel below: both can call code of the user.
	cancelled := !panicked && saysOnly(err, context.Canceled)
	nothingNew := cancelled && g.ctx.Err() == context.Canceled ||
		!panicked && g.ctx.Err() == context.DeadlineExceeded && saysOnly(err, context.DeadlineExceeded)
	fatal := panicked && g.onPanic != AsError
	state := Failed
	if cancelled || nothingNew {
		state = Cancelled
	}

	g.scheduler.mu.Lock()
	first := len(g.failures) == 0
	switch d := t.details; {
	case d != nil && d.starter != nil && !d.starter.ready && !fatal:
		d.starter.told = true
		g.scheduler.mu.Unlock()
		return state
	case cancelled && (t.daemon && g.stopping || d != nil && d.cancelled),
		nothingNew && !first:
		g.scheduler.mu.Unlock()
		return state
	}
	g.failures = append(g.failures, err)
	if fatal && g.panicked == nil {
		g.panicked = err.(*PanicError)
	}
	g.scheduler.mu.Unlock()
	if fatal || first && !g.keepGoing {
		explore.Point("taskgroup: about to cancel")
		g.cancel(err)
	}
	return state
}

// endLocked takes the task out of its group. What it returns is to be called, and
// without the mutex.
func (t *task) endLocked(state State, err error) (stopDaemons func()) {
	g := t.group
	stopDaemons = nothing
	t.state, t.fn = state, nil
	t.releaseLocked()
	if t != &g.body {
		g.tasks.remove(t)
	}
	if d := t.details; d != nil {
		d.err = err
		d.gate.OpenLocked()
		if d.starter != nil {
			d.starter.gate.OpenLocked()
		}
	}
	g.running--
	if !t.daemon {
		g.regular--
		if g.regular == 0 && g.stopDaemons != nil {
			g.stopping = true
			stopDaemons = g.stopDaemons
		}
	}
	if g.running == 0 {
		if g.scheduler == &g.own {
			g.own.over = true
		}
		g.idle.OpenLocked()
	}
	return stopDaemons
}

func nothing() {}
