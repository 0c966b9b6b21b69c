package procpool

import (
	"context"
	"time"
)

// interrupt ends the tasks up to id: their contexts at once, and the process if
// that does not end them.
func (c *process) interrupt(id uint64, cause error) {
	c.mu.Lock()
	if c.current == 0 || c.current > id || c.upTo >= id {
		c.mu.Unlock()
		return
	}
	if c.cause == nil {
		c.cause = cause
	}
	if c.grace != nil {
		c.grace.Stop()
	}
	c.upTo, c.upToCause = id, cause
	c.owed, c.owedFlags = id, canceled
	if cause == context.DeadlineExceeded {
		c.owedFlags = deadline
	}
	c.grace = time.AfterFunc(c.set.grace, func() { c.killUpTo(id) })
	c.mu.Unlock()
	c.sendCancel()
}

// sendCancel tells the worker which tasks are to end. If frames are being written, a
// cancelFrame must not get into the middle of one, and who writes them, which may
// take as long as the worker likes, calls sendCancel after that.
func (c *process) sendCancel() {
	for c.owesCancel() != 0 && c.writing.TryLock() {
		c.mu.Lock()
		id, flags := c.owed, c.owedFlags
		c.owed = 0
		c.mu.Unlock()
		f := openFrame(nil, cancelFrame, id, 0, 0, "")
		_ = closeFrame(f, 0, flags) // it has no payload
		_, _ = c.requests.Write(f)  // if that fails, the process is gone, or killed soon
		c.writing.Unlock()
	}
}

func (c *process) owesCancel() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owed
}

// killUpTo kills the process unless the tasks up to id have been settled.
func (c *process) killUpTo(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != 0 && c.current <= id {
		c.killLocked(nil)
	}
}

// A limiter enforces the time limit of the pool on one task after another.
type limiter struct {
	c     *process
	timer *time.Timer // nil: no limit
}

func (c *process) limit(first uint64) limiter {
	l := limiter{c: c}
	l.next(first)
	return l
}

// next begins the time of task id.
func (l *limiter) next(id uint64) {
	if l.stop(); l.c.set.timeout > 0 {
		c := l.c
		l.timer = time.AfterFunc(c.set.timeout, func() { c.interrupt(id, context.DeadlineExceeded) })
	}
}

func (l *limiter) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}
