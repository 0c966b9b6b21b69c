package workerpool

import (
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// restUnlock waits until there may be something to do. It returns false if the worker has
// ended. It needs the mutex and unlocks it.
func (w *worker) restUnlock() bool {
	p := w.pool
	if p.idleTime == 0 || p.closing != nil || w.mustEndLocked() {
		w.endUnlock()
		return false
	}
	w.gate = waitq.Gate{}
	w.since = time.Since(epoch)
	w.below = p.idle
	p.idle = w
	if p.reaper == nil {
		p.reaper = time.AfterFunc(p.idleTime, p.reap)
	}
	unused := p.watches.dropLocked()
	p.mu.Unlock()
	unused.halt()
	w.gate.Wait(&p.mu, nil)
	explore.Point("workerpool: worker woken")
	p.mu.Lock()
	if w.ending {
		w.endUnlock()
		return false
	}
	p.searching = false
	p.mu.Unlock()
	return true
}

// endUnlock ends the worker. It needs the mutex and unlocks it.
func (w *worker) endUnlock() {
	p := w.pool
	if !w.ending {
		w.ending = true
		p.ending++
	}
	if w.hasState {
		p.mu.Unlock()
		defer func() { // also if teardown calls runtime.Goexit
			p.mu.Lock()
			w.goneUnlock()
		}()
		p.state.teardown(w.state)
		return
	}
	w.goneUnlock()
}

// goneUnlock takes the worker out of the pool. It needs the mutex and unlocks it.
func (w *worker) goneUnlock() {
	p := w.pool
	p.ending--
	p.alive--
	p.workers.remove(w)
	var unused *watch
	if p.alive == 0 {
		p.stopReaperLocked() // it may belong to a bubble that ends with this worker
		unused = p.watches.dropLocked()
	}
	p.quietLocked()
	p.unlock()
	unused.halt()
}

// dismissLocked has the idle worker w end, which is no longer in the stack.
func (p *Pool) dismissLocked(w *worker) {
	w.ending = true
	p.ending++
	w.gate.OpenLocked()
}

func (p *Pool) stopReaperLocked() {
	if p.reaper != nil {
		p.reaper.Stop()
		p.reaper = nil
	}
}

// reap ends the workers that have been idle for long enough.
func (p *Pool) reap() {
	explore.Point("workerpool: reaping")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaper = nil
	now := time.Since(epoch)
	oldest := now
	for link := &p.idle; *link != nil; link = &(*link).below {
		if now-(*link).since < p.idleTime {
			oldest = (*link).since
			continue
		}
		// Those below have been idle for longer.
		for w := *link; w != nil; w = w.below {
			p.dismissLocked(w)
		}
		*link = nil
		break
	}
	if p.idle != nil {
		p.reaper = time.AfterFunc(oldest+p.idleTime-now, p.reap)
	}
}

// A crew is a list of workers.
type crew struct{ first *worker }

func (c *crew) add(w *worker) {
	w.next = c.first
	if c.first != nil {
		c.first.prev = w
	}
	c.first = w
}

func (c *crew) remove(w *worker) {
	if w.prev == nil {
		c.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}
