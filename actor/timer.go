package actor

import (
	"container/list"
	"fmt"
	"time"
)

// A Timer sends a message to the actor that has set it. It ends with the incarnation of the
// actor, and so does what it has sent that is not handled yet.
type Timer struct {
	tag
	cell *cell
	send func() bool

	// Guarded by mu of the cell.
	element *list.Element // among the timers of the incarnation
	timer   *time.Timer   // nil if it is not set
	every   time.Duration // 0 if it fires once
	due     time.Duration // after epoch
}

// After has m handled by the actor itself when d is over.
func (c *Context[M]) After(d time.Duration, m M) *Timer { return c.actor.set(d, 0, m) }

// Every has m handled by the actor itself each time that d is over. While one waits to be
// handled there is not another one. It panics if d is not positive.
func (c *Context[M]) Every(d time.Duration, m M) *Timer {
	if d <= 0 {
		panic(fmt.Sprintf("actor: Every %v", d))
	}
	return c.actor.set(d, d, m)
}

func (a *actor[M]) set(d, every time.Duration, m M) *Timer {
	t := &Timer{cell: &a.cell, every: every, due: time.Since(epoch) + d}
	t.own = true
	t.send = func() bool { return a.deliver(m, &t.tag) }
	a.mu.Lock()
	t.incarnation = a.numberLocked()
	ended := a.phase > live
	if !ended && d > 0 {
		t.element = a.needMoreLocked().timers.PushBack(t)
		t.timer = time.AfterFunc(d, t.fire)
	}
	a.mu.Unlock()
	if !ended && d <= 0 {
		t.waiting.Store(true)
		t.send()
	}
	return t
}

func (t *Timer) fire() {
	t.cell.mu.Lock()
	if t.timer == nil { // it was stopped
		t.cell.mu.Unlock()
		return
	}
	if t.every == 0 {
		t.removeLocked()
	} else {
		now := time.Since(epoch)
		t.due += t.every
		if t.due <= now { // late: skip what is over
			t.due += (now - t.due + t.every) / t.every * t.every
		}
		t.timer.Reset(t.due - now)
	}
	t.cell.mu.Unlock()
	if t.waiting.CompareAndSwap(false, true) {
		t.send()
	}
}

// removeLocked has the timer not fire any more.
func (t *Timer) removeLocked() {
	t.timer.Stop()
	t.timer = nil
	t.cell.more.timers.Remove(t.element)
}

// Stop has no message of the timer handled from now on. It returns false if its last one
// has been handled already, or is being handled. It is to be called by the actor.
func (t *Timer) Stop() bool {
	t.cell.mu.Lock()
	defer t.cell.mu.Unlock()
	pending := t.timer != nil || t.waiting.Load()
	if t.timer != nil {
		t.removeLocked()
	}
	return !t.void.Swap(true) && pending
}

// numberLocked returns the number of the incarnation.
func (c *cell) numberLocked() uint32 {
	if c.more == nil {
		return 0
	}
	return c.more.number
}
