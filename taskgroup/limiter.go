package taskgroup

import (
	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A limiter has the slots of one [Limit]. A task runs while it has a slot of the
// limiter of its group and of each one further out.
//
// Slots are taken from the inside out. Who waits for one of an outer limiter keeps
// those of the inner ones, and who has the outer ones waits for none: there is no
// circle.
//
// Invariant: if anybody waits, free is zero.
type limiter struct {
	outer     *limiter
	free      int
	returning queue // tasks that gave up their slots and go on
	queued    queue // tasks that have not begun
}

// pop returns the task that gets the next free slot, or nil.
func (l *limiter) pop() *task {
	if t := l.returning.pop(); t != nil {
		return t
	}
	return l.queued.pop()
}

// acquireLocked takes the slots that t lacks, from l outwards, and lets it run; or it
// has t wait for the first one that is not free.
func (t *task) acquireLocked(l *limiter) {
	for ; l != nil; l = l.outer {
		if l.free == 0 {
			if t.back != nil {
				l.returning.push(t)
			} else {
				l.queued.push(t)
			}
			return
		}
		l.free--
	}
	t.holding = true
	if t.back == nil {
		t.group.scheduler.ready.push(t)
		if t.details != nil && t.details.slots != nil {
			t.details.slots.OpenLocked()
		}
		return
	}
	t.back.OpenLocked()
	t.back = nil
	switch {
	case t.waiting > 0 || t.ended():
		t.releaseLocked()
	default:
		t.state = Running
	}
}

// releaseLocked gives up the slots of t, if it has them.
func (t *task) releaseLocked() {
	if !t.holding {
		return
	}
	t.holding = false
	for l := t.group.limiter; l != nil; l = l.outer {
		l.free++
		if next := l.pop(); next != nil {
			l.free--
			next.acquireLocked(l.outer)
			t.group.scheduler.repeated = stale
		}
	}
}

// wait waits at a gate of group g until it is open or done is closed, which may be
// nil, and reports whether it is open. In the meantime the slots of waiter are free
// for others; waiter may be nil.
func (g *Group) wait(gate *waitq.Gate, waiter *task, done <-chan struct{}) bool {
	if gate.IsOpen() {
		return true
	}
	waiter = waiter.slotHolder()
	if waiter != nil {
		waiter.giveUp()
	}
	open := gate.Wait(&g.scheduler.mu, done)
	if waiter != nil {
		waiter.takeBack()
	}
	return open
}

// slotHolder returns the task whose slots are used when t runs: for the body of a
// group that is the task in which it runs. It returns nil if there is no limit.
func (t *task) slotHolder() *task {
	for t != nil && t == &t.group.body {
		t = t.group.parent
	}
	if t == nil || t.group.limiter == nil {
		return nil
	}
	return t
}

// giveUp lets others have the slots of t. If several goroutines of the task wait at
// a time, which then are goroutines that it started itself, the first one gives up
// the slots and the last one takes them back.
func (t *task) giveUp() {
	s := t.group.scheduler
	explore.Point("taskgroup: about to give up slots")
	s.mu.Lock()
	t.waiting++
	if t.holding {
		t.state = Waiting
		t.releaseLocked()
	}
	s.unlock()
}

// takeBack waits until t has its slots again.
func (t *task) takeBack() {
	s := t.group.scheduler
	explore.Point("taskgroup: about to take slots back")
	s.mu.Lock()
	t.waiting--
	if t.waiting == 0 && t.back == nil && !t.holding && !t.ended() {
		t.back = new(waitq.Gate)
		t.acquireLocked(t.group.limiter)
	}
	back := t.back
	s.mu.Unlock()
	if back != nil {
		back.Wait(&s.mu, nil)
	}
}
