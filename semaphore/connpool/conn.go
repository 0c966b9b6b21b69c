package connpool

import "github.com/interleave-go/interleave/internal/explore"

// Conn is a connection on loan, for one goroutine at a time. It must be given
// back, by Release or Discard; after that all its methods panic.
//
// A Conn that is used after it was given back is found out unless the connection
// has been lent again in the meantime; in programs built with -race, always.
type Conn[T any] struct {
	pool  *Pool[T]
	entry *entry[T]
	live  bool // the borrower's
}

// Value returns the connection itself. It must not be kept after Release.
func (c *Conn[T]) Value() T {
	if !c.live {
		panic(useAfterRelease)
	}
	return c.entry.value
}

const useAfterRelease = "connpool: use of a connection after it was given back"

// Release gives the connection back, to the call of Acquire that has waited for
// longest or to the idle ones. It closes it instead if Reset fails or panics, if
// it has reached its MaxLifetime, or if the pool was closed or has more than
// MaxConns. It blocks only for Reset, and for Close if that has failed.
func (c *Conn[T]) Release() {
	p := c.pool
	e := c.end()
	if p.cfg.Reset != nil && !p.reset(e) {
		return
	}
	explore.Point("connpool: about to return")
	if p.barred.Load() {
		p.takeBack(e)
	} else {
		explore.Point("connpool: about to return as the hot one")
		last := p.hot.Swap(e)
		explore.Point("connpool: returned as the hot one")
		if last != nil {
			p.takeBack(last)
		}
		if p.barred.Load() {
			// Whoever barred the pool may have looked at hot before.
			if e = p.hot.Swap(nil); e != nil {
				p.takeBack(e)
			}
		}
	}
	explore.Point("connpool: about to give the unit back")
	p.units.Release(1)
}

// takeBack returns e to those who wait or to idle, or closes it.
func (p *Pool[T]) takeBack(e *entry[T]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.returnLocked(e) {
		e.state = busy
		go p.retire(e)
	}
	p.unbarLocked()
}

// reset calls Reset for e, and closes e if that fails or panics.
func (p *Pool[T]) reset(e *entry[T]) (ok bool) {
	defer func() {
		explore.Point("connpool: reset")
		if !ok {
			p.discard(e)
		}
	}()
	return p.cfg.Reset(e.value) == nil
}

// Discard closes the connection, because it is broken or in an unknown state.
// It blocks for the closing.
func (c *Conn[T]) Discard() { c.pool.discard(c.end()) }

// end ends the loan.
func (c *Conn[T]) end() *entry[T] {
	if !c.live {
		panic(useAfterRelease)
	}
	c.live = false
	return c.entry
}

// discard closes e, and gives the unit of its loan back.
func (p *Pool[T]) discard(e *entry[T]) {
	defer p.units.Release(1)
	p.retire(e)
}
