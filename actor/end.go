package actor

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
)

// endCauseLocked returns why the incarnation ends.
func (c *cell) endCauseLocked() error {
	m := c.needMoreLocked()
	if m.cause == nil && c.orders&(stop|kill|renew) == renew {
		return ErrRestarted
	}
	return m.cause
}

// stoppingLocked follows Stopping.
func (c *cell) stoppingLocked(err error) {
	c.mishapLocked(err)
	c.enterLocked(emptying)
}

// mishapLocked notes a failure of what is called at the end of an incarnation.
func (c *cell) mishapLocked(err error) {
	c.more.mishap = err
	if c.more.cause == nil {
		c.more.cause = err
	}
}

// reportMishap tells the hook of such a failure.
func (c *cell) reportMishap() {
	c.mu.Lock()
	err := c.more.mishap
	c.more.mishap = nil
	c.mu.Unlock()
	if err != nil && c.config.onFailure != nil {
		c.config.onFailure(Failure{Actor: c.typed.actor(), Err: err, Decision: Ignores})
	}
}

// emptyingUnlock ends what belongs to the incarnation, and waits for it. It needs mu and
// unlocks it.
func (c *cell) emptyingUnlock() bool {
	m := c.needMoreLocked()
	cause, hard := c.endCauseLocked(), c.orders&(kill|renew|retire) != 0 || m.failed
	cancel := m.cancel
	m.cancel = nil
	for e := m.timers.Front(); e != nil; e = m.timers.Front() {
		e.Value.(*Timer).removeLocked()
	}
	watches := m.watches.Len() > 0
	inOrder := c.config.strategy != OneForOne
	how := stop
	if hard {
		how = kill // also those that were told to stop before
	}
	dismiss, last := m.children > 0 && (inOrder || m.dismissed != how), m.last
	m.dismissed = how
	if dismiss && !hard {
		c.forsakeBelowLocked()
	}
	over := m.children == 0 && m.helpers == 0
	if !over && !dismiss && cancel == nil && !watches {
		return c.restUnlock()
	}
	c.mu.Unlock()
	if cancel != nil {
		if cause == nil {
			cause = ErrStopped
		}
		cancel(cause)
	}
	if watches {
		c.unwatch()
	}
	switch {
	case over:
		c.decide()
	case dismiss:
		var list []*cell
		if !inOrder {
			list = c.childList()
		} else if last != nil {
			list = []*cell{last}
		}
		for _, child := range list {
			if hard {
				child.kill()
			} else {
				child.order(stop, nil)
			}
		}
		// A child may have gone in the meantime, without this turn having been asked for
		// again: the next one finds out.
		c.mu.Lock()
		if m.children > 0 && (!inOrder || m.last == last) {
			return c.restUnlock()
		}
		c.mu.Unlock()
	}
	return true
}

// decide ends the incarnation, of which nothing is left.
func (c *cell) decide() {
	c.reportMishap()
	explore.Point("actor: nothing is left of the incarnation")
	c.mu.Lock()
	m := c.more
	m.context, m.dismissed = nil, 0
	// One that has ended itself and is to be restarted may have messages left.
	drained := c.orders&retire == 0 || !c.typed.hasMailLocked()
	switch {
	case !m.failed && (c.orders&kill != 0 || c.orders&stop != 0 && drained):
		c.enterLocked(final)
	case !m.failed && c.orders&renew != 0:
		c.forsakeLocked(false, ErrRestarted)
		m.pause = 0
		c.enterLocked(waiting)
	default:
		c.mu.Unlock()
		c.supervise()
		return
	}
	c.mu.Unlock()
}

// finalUnlock ends the actor. It needs mu and unlocks it.
func (c *cell) finalUnlock() bool {
	m := c.needMoreLocked()
	if !c.closed {
		c.closed = true
		c.typed.closeLocked()
	}
	cause := m.cause
	c.mu.Unlock()
	c.typed.discard()
	c.mu.Lock()
	c.forsakeLocked(true, ErrStopped)
	c.mu.Unlock()
	c.do(func() error { c.typed.stopped(cause); return nil }, func(err error) {
		c.mishapLocked(err)
		c.enterLocked(gone)
	})
	return true
}

// leave takes the actor, which is gone, out of the tree, and tells those who wait for that.
func (c *cell) leave() {
	c.reportMishap()
	if p := c.parent; p != nil {
		p.mu.Lock()
		p.removeChildLocked(c)
		p.mu.Unlock()
		explore.Point("actor: out of the tree")
	}
	c.mu.Lock()
	m := c.more
	c.left = true
	for e := m.watchers.Front(); e != nil; e = m.watchers.Front() {
		w := m.watchers.Remove(e).(observer)
		c.mu.Unlock()
		w.fire()
		c.mu.Lock()
	}
	m.gone.OpenLocked()
	c.mu.Unlock()
	if p := c.parent; p != nil { // which is not to be done before this one is
		explore.Point("actor: about to let the parent go on")
		p.mu.Lock()
		p.more.children--
		p.childLeftUnlock()
	}
}

// childLeftUnlock goes on with the end of the incarnation if it has waited for a child or
// a helper. It needs mu and unlocks it.
func (c *cell) childLeftUnlock() {
	m := c.more
	if c.phase == emptying && (m.children == 0 && m.helpers == 0 || c.config.strategy != OneForOne) {
		c.wakeUnlock()
		return
	}
	c.mu.Unlock()
}

// end gives an order to stop or kill, and waits until the actor is gone.
func (c *cell) end(ctx context.Context, o orders) error {
	cycle := cycleTo(ctx, c, true)
	if o == kill {
		c.kill()
	} else {
		c.order(o, nil)
	}
	if cycle != nil {
		return cycle
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	m := c.needMoreLocked()
	c.mu.Unlock()
	if !m.gone.Wait(&c.mu, ctx.Done()) {
		return ctx.Err()
	}
	return nil
}
