package actor

import (
	"context"
	"errors"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// turn does what is next in the life of the actor. It reports whether there may be more.
func (c *cell) turn() bool {
	c.mu.Lock()
	switch c.phase {
	case building:
		if c.orders&kill != 0 {
			c.enterLocked(emptying)
			c.mu.Unlock()
			return true
		}
		c.mu.Unlock()
		c.do(c.typed.build, c.builtLocked)
		return true
	case starting:
		if c.orders&(kill|renew) != 0 {
			c.enterLocked(emptying)
			c.mu.Unlock()
			return true
		}
		c.mu.Unlock()
		obeyed := false
		c.do(func() error {
			err := c.typed.started()
			obeyed = c.obeys(err)
			return err
		}, func(err error) { c.startedLocked(err, obeyed) })
		return true
	case live:
		return c.liveUnlock()
	case ending:
		cause := c.endCauseLocked()
		c.mu.Unlock()
		c.do(func() error { c.typed.stopping(cause); return nil }, c.stoppingLocked)
		return true
	case emptying:
		return c.emptyingUnlock()
	case waiting:
		if c.orders&(stop|kill) == 0 {
			return c.restUnlock()
		}
		if c.more.revival != nil {
			c.more.revival.Stop()
		}
		c.enterLocked(final)
		c.mu.Unlock()
		return true
	case final:
		return c.finalUnlock()
	default:
		c.mu.Unlock()
		c.leave()
		return false
	}
}

// restUnlock ends the turns until there is something to do. It needs mu and unlocks it.
func (c *cell) restUnlock() bool {
	c.scheduled = false
	c.mu.Unlock()
	return false
}

func (c *cell) builtLocked(err error) {
	if err != nil {
		c.failLocked(err)
		c.enterLocked(emptying)
		return
	}
	c.enterLocked(starting)
}

func (c *cell) startedLocked(err error, obeyed bool) {
	if err == nil {
		c.enterLocked(live)
		return
	}
	if !obeyed {
		c.failLocked(err)
	}
	c.enterLocked(emptying)
}

// obeys reports whether err says no more than that the context of the actor has ended, since
// it was told to end. That is no failure: or else those that are restarted because of another
// one would count as well.
func (c *cell) obeys(err error) bool {
	if !errors.Is(err, context.Canceled) { // can be code of the user
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.orders&(kill|renew|fail) != 0
}

// failLocked has the incarnation end with a failure, unless it ends already.
func (c *cell) failLocked(err error) {
	m := c.needMoreLocked()
	if m.failed || c.phase > live {
		return
	}
	m.failed, m.cause = true, err
	c.countLocked()
}

// countLocked counts an end of the actor that it may be restarted after.
func (c *cell) countLocked() {
	m := c.more
	if handled := c.typed.handledCount(); handled > m.handled {
		m.handled, m.fails, m.pause = handled, 0, 0
	}
	m.fails++
}

// liveUnlock does what is next for an actor that is live. It needs mu and unlocks it.
func (c *cell) liveUnlock() bool {
	switch {
	case c.orders&(kill|fail|renew|retire) != 0, c.more != nil && c.more.failed:
	case c.typed.hasMailLocked():
		c.mu.Unlock()
		c.typed.receive()
		return true
	case c.orders&stop == 0:
		return c.restUnlock()
	}
	c.enterLocked(ending)
	c.mu.Unlock()
	return true
}

// revive begins a new incarnation of an actor that waits for it.
func (c *cell) revive() {
	explore.Point("actor: about to revive")
	c.mu.Lock()
	if c.phase == waiting && c.orders&(stop|kill) == 0 {
		c.beginLocked()
	}
	c.wakeUnlock()
}

// beginLocked begins a new incarnation.
func (c *cell) beginLocked() {
	m := c.more
	c.orders &= stop | kill
	m.failed, m.cause, m.revival = false, nil, nil
	m.number++
	m.idle, m.restarts = c.typed.handledCount(), nil
	m.context, m.cancel = nil, nil // somebody may have looked at it since the last one ended
	c.enterLocked(building)
}

// turns runs the actor until it has nothing to do. If code of the user calls runtime.Goexit,
// another goroutine goes on.
func (c *cell) turns() {
	explore.Point("actor: turns begin")
	over := false
	defer func() {
		if !over {
			go c.turns()
		}
	}()
	for c.turn() {
		explore.Point("actor: next turn")
	}
	over = true
}

// do calls user code, and done with mu held once it has ended.
func (c *cell) do(fn func() error, done func(error)) {
	err, returned := ErrGoexit, false
	defer func() {
		if !returned {
			if value := recover(); value != nil {
				err = panics.New(value)
			}
		}
		c.mu.Lock()
		done(err)
		c.mu.Unlock()
	}()
	err = fn()
	returned = true
}

// enterLocked goes on to the next phase.
func (c *cell) enterLocked(p phase) {
	c.phase = p
	if c.more != nil && c.more.changed != nil {
		close(c.more.changed)
		c.more.changed = nil
	}
}

// await waits for a phase that is in the given set.
func (c *cell) await(in func(phase) bool) {
	for {
		c.mu.Lock()
		if in(c.phase) {
			c.mu.Unlock()
			return
		}
		m := c.needMoreLocked()
		if m.changed == nil {
			m.changed = make(chan struct{})
		}
		changed := m.changed
		c.mu.Unlock()
		<-changed
		explore.Point("actor: a phase has changed")
	}
}
