package actor

import (
	"cmp"
	"slices"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/retry"
)

// endless is how an actor pauses that fails whatever it is told.
var endless = retry.Policy{MaxAttempts: -1}

// supervise decides what follows the end of an incarnation that has failed or, if the
// actor is permanent, has stopped itself; and has it done.
func (c *cell) supervise() {
	m, p := c.more, c.parent
	together := p.config.strategy != OneForOne
	c.mu.Lock()
	f := Failure{Actor: c.typed.actor(), Err: m.cause, Message: m.culprit, Decision: Stops}
	m.culprit = nil
	c.mu.Unlock()
	defer func() { c.follow(f, together) }() // also if code of the user calls runtime.Goexit
	pause, wanted := c.restartWanted()
	c.mu.Lock()
	m.pause = pause
	// What may come late is not worth waiting for.
	hopeless := c.orders&kill != 0 || c.orders&stop != 0 && (c.idle() || pause > 0 || together)
	c.mu.Unlock()
	switch {
	case hopeless || c.config.lifetime == Temporary:
	case wanted && p.permitRestart():
		f.Decision, f.Pause = Restarts, pause
	case p.parent != nil:
		f.Decision = Escalates
	}
	if m.failed && c.config.onFailure != nil {
		c.config.onFailure(f)
	}
}

// follow does what was decided.
func (c *cell) follow(f Failure, together bool) {
	explore.Point("actor: decided what follows a failure")
	m, p := c.more, c.parent
	c.mu.Lock()
	if f.Decision == Restarts {
		c.forsakeLocked(false, ErrRestarted)
	}
	switch {
	case f.Decision != Restarts:
		c.enterLocked(final)
	case together:
		c.enterLocked(waiting)
	case f.Pause > 0:
		c.enterLocked(waiting)
		m.revival = time.AfterFunc(f.Pause, c.revive)
	default:
		c.beginLocked()
	}
	c.mu.Unlock()
	if f.Decision == Escalates {
		p.order(fail, &EscalatedError{Child: c.path(), Err: cmp.Or(f.Err, ErrStopped)})
	} else if f.Decision == Restarts && together {
		p.restartTogether(c)
	}
}

// restartWanted reports whether the actor's own policy lets it be restarted, and how long
// to pause before.
func (c *cell) restartWanted() (pause time.Duration, wanted bool) {
	m := c.more
	if policy := c.config.backoff; policy != nil && m.failed {
		return policy.Pause(m.cause, m.fails, m.pause)
	}
	cause := m.cause
	if !m.failed {
		cause = ErrStopped
		c.mu.Lock()
		c.countLocked()
		c.mu.Unlock()
	}
	pause, wanted = endless.Pause(cause, m.fails, m.pause)
	if !c.idle() {
		pause = 0 // which can happen only as often as others tell it something
	}
	return pause, wanted
}

// idle reports whether the incarnation has handled nothing of others, nor failed on it.
func (c *cell) idle() bool { return c.typed.handledCount() <= c.more.idle }

// permitRestart reports whether there may be one more restart of a child, and counts it.
func (p *cell) permitRestart() bool {
	if !p.config.limited {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m, now := p.more, time.Since(epoch)
	for len(m.restarts) > 0 && (now-m.restarts[0] >= p.config.window || now < m.restarts[0]) {
		m.restarts = m.restarts[1:] // it is too old, or the clock was put back
	}
	if len(m.restarts) >= p.config.intensity {
		return false
	}
	m.restarts = append(m.restarts, now)
	return true
}

// restartTogether has the child c restarted, together with others.
func (p *cell) restartTogether(c *cell) {
	p.mu.Lock()
	m := p.more
	m.waiting = append(m.waiting, c)
	start := !m.regrouping
	if start {
		m.regrouping = true
		m.helpers++
	}
	p.mu.Unlock()
	if start {
		go p.regroup()
	}
}

// regroup restarts children together until none waits for it.
func (p *cell) regroup() {
	explore.Point("actor: helper begins to restart children")
	for {
		p.mu.Lock()
		m := p.more
		if len(m.waiting) == 0 || p.phase > live {
			abandoned := m.waiting
			m.waiting, m.regrouping = nil, false
			p.mu.Unlock()
			stopAll(abandoned)
			p.mu.Lock()
			m.helpers--
			p.childLeftUnlock()
			return
		}
		c := m.waiting[0]
		m.waiting = m.waiting[1:]
		ended := p.contextLocked().Done()
		p.mu.Unlock()
		if pause, ok := c.waits(); ok {
			p.restartWith(c, pause, ended)
		}
	}
}

// stopAll stops children that wait and will not be restarted: or else a sibling that the
// parent waits for could wait for their reply.
func stopAll(children []*cell) {
	for _, child := range children {
		child.order(stop, nil)
	}
}

// waits reports whether the actor waits to be restarted, and for how long it is to pause
// before.
func (c *cell) waits() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != waiting {
		return 0, false
	}
	return c.more.pause, true
}

// restartWith restarts the child c and those that are to be restarted with it, unless
// ended is closed.
func (p *cell) restartWith(c *cell, pause time.Duration, ended <-chan struct{}) {
	all := p.childList()
	at := slices.Index(all, c)
	if at < 0 {
		return // it was killed
	}
	if p.config.strategy == RestForOne {
		all = all[at:]
	}
	for _, other := range slices.Backward(all) {
		if other == c {
			continue
		}
		o := renew
		if other.config.lifetime == Temporary {
			o = kill
		}
		other.order(o, ErrRestarted)
		other.await(func(p phase) bool { return p == waiting || p == gone })
		if also, ok := other.waits(); ok {
			pause = max(pause, also)
		}
	}
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ended:
		}
	}
	explore.Point("actor: about to restart children")
	select {
	case <-ended:
		stopAll(all)
		return
	default:
	}
	for _, each := range all {
		each.revive()
		each.await(func(p phase) bool { return p >= live })
	}
}
