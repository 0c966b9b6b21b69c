package connpool

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// forever is later than any time.
const forever = time.Duration(math.MaxInt64)

// An entry is an open connection.
//
// Invariant: freshUntil <= expires.
type entry[T any] struct {
	value  T
	handle *Conn[T] // of the last loan; its borrower's, or who took it from hot or idle

	// Guarded by Pool.mu.
	at     int // its place in Pool.all
	state  state
	jitter time.Duration

	expires    time.Duration // it is not lent after that
	freshUntil time.Duration // while it is idle: not lent after that without a check
	idleUntil  time.Duration // while it is idle: closed after that, unless MinIdle needs it

	// While it is lent, and if LeakAfter is set.
	lentAt time.Duration
	stack  []uintptr
	leaked bool // OnLeak was told
}

type state uint8

const (
	idle state = iota
	lent       // or hot
	busy       // being checked, reset or closed
)

func (p *Pool[T]) lendLocked(e *entry[T], stack []uintptr) *Conn[T] {
	e.state = lent
	if p.cfg.LeakAfter > 0 {
		e.lentAt, e.stack, e.leaked = p.now, stack, false
		p.setAlarmLocked(e.lentAt + p.cfg.LeakAfter)
	}
	return e.lend(p)
}

func (e *entry[T]) lend(p *Pool[T]) *Conn[T] {
	if e.handle == nil || freshHandles {
		e.handle = &Conn[T]{pool: p, entry: e}
	}
	e.handle.live = true
	return e.handle
}

// returnLocked takes back e, a connection in order, for those who wait or as
// idle. It reports false if e is to be closed instead.
func (p *Pool[T]) returnLocked(e *entry[T]) bool {
	if p.timed {
		p.readClockLocked()
	}
	if p.closed || p.open > p.max || p.now >= e.expires {
		return false
	}
	if w := p.waiting.FrontLocked(); w != nil {
		p.grantLocked(w, e)
		return true
	}
	e.state = idle
	if p.timed {
		e.freshUntil, e.idleUntil = e.expires, forever
		if p.cfg.MaxIdle > 0 {
			e.idleUntil = p.now + max(1, p.cfg.MaxIdle-e.jitter)
		}
		if p.cfg.Check != nil {
			e.freshUntil = min(e.expires, p.now+p.cfg.CheckAfter)
		}
		p.setAlarmLocked(min(e.expires, e.idleUntil))
	}
	p.idle = append(p.idle, e)
	return true
}

func (p *Pool[T]) popLocked() *entry[T] {
	last := len(p.idle) - 1
	e := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	e.state = busy
	return e
}

// addLocked makes v, the result of a dial, an entry.
func (p *Pool[T]) addLocked(v T) *entry[T] {
	e := &entry[T]{value: v, at: len(p.all), state: busy,
		expires: forever, freshUntil: forever, idleUntil: forever}
	if p.cfg.Jitter > 0 {
		e.jitter = rand.N(p.cfg.Jitter)
	}
	if p.cfg.MaxLifetime > 0 {
		e.expires = p.now + max(1, p.cfg.MaxLifetime-e.jitter)
	}
	p.all = append(p.all, e)
	return e
}

// retire closes e, which is busy.
func (p *Pool[T]) retire(e *entry[T]) {
	defer func() { // even if Close panics
		explore.Point("connpool: closed a connection")
		p.mu.Lock()
		last := len(p.all) - 1
		p.all[e.at] = p.all[last]
		p.all[e.at].at = e.at
		p.all = slices.Delete(p.all, last, last+1)
		p.open--
		p.counts.closes++
		p.serveLocked()
		p.mu.Unlock()
	}()
	p.cfg.Close(e.value)
}
