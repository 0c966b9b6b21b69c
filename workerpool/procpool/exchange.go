package procpool

import (
	"context"
	"fmt"
	"time"

	"github.com/interleave-go/interleave/internal/panics"
)

// run implements child. The tasks are sent all at once, so that the worker begins
// the next one without waiting for the pool, and replied to one by one, so that it
// is known which of them a crash concerns.
func (c *process) run(ctx context.Context, b batch, from, to int, over func(outcome, bool)) (int, bool) {
	first := c.lastID + 1
	end, err := c.encode(ctx, b, from, min(to, from+maxBatch))
	if err != nil && end == from {
		b.fail(from, err)
		over(failed, false)
		return from + 1, true
	}
	last := first + uint64(end-from) - 1
	c.lastID = last
	c.begin(first, last)
	if ctx.Done() != nil {
		c.alarms.Add(1)
		stop := context.AfterFunc(ctx, func() {
			defer c.alarms.Done()
			c.interrupt(last, ctx.Err())
		})
		defer func() {
			if stop() {
				c.alarms.Done()
			}
			c.alarms.Wait()
		}()
	}
	limit := c.limit(first)
	c.write()
	fit := true
	for i := from; i < end; i++ {
		id := first + uint64(i-from)
		f, err := c.read(id)
		if err != nil {
			c.awaitEnd()
			limit.stop()
			cause := c.settled(0)
			crash := c.crash(b.function(), err)
			b.fail(i, crash)
			over(unless(cause, failed), false)
			return i + 1, false
		}
		cause := c.settled(next(id, last))
		limit.next(id + 1)
		fit = fit && f.kind != panicFrame && (c.set.cpu == 0 || f.a < int64(c.set.cpu))
		over(c.settle(b, i, f, cause), i+1 < end)
	}
	limit.stop()
	return end, fit
}

// next returns the id of the frame after id, or 0 if that was the last one.
func next(id, last uint64) uint64 {
	if id == last {
		return 0
	}
	return id + 1
}

func unless(cause error, as outcome) outcome {
	if cause != nil {
		return cancelled
	}
	return as
}

// encode encodes requests from..to, or fewer. If a request cannot be encoded, it
// ends before that one and says why.
func (c *process) encode(ctx context.Context, b batch, from, to int) (end int, err error) {
	var within time.Duration
	if at, ok := ctx.Deadline(); ok {
		if within = time.Until(at); within == 0 {
			within = -1 // 0 is without a deadline
		}
	}
	for end = from; end < to && len(c.enc.out) < maxKept; end++ {
		id := c.lastID + uint64(end-from) + 1
		if err = c.encodeOne(b, end, id, int64(within)); err != nil {
			return end, fmt.Errorf("procpool: the request for %s cannot be encoded: %w", b.function(), err)
		}
	}
	return end, nil
}

func (c *process) encodeOne(b batch, i int, id uint64, within int64) error {
	return c.enc.append(taskFrame, c.dec.asksRenewal(), id, within, int64(c.set.timeout), b.function(), b.request(i))
}

// settle gives task i of b its reply, and says how it counts.
func (c *process) settle(b batch, i int, f frame, cause error) outcome {
	if f.flags&renew != 0 {
		c.enc.gob = nil
	}
	if cause == nil && (f.kind == notRunFrame || f.flags&ended != 0) {
		cause = context.DeadlineExceeded // the worker's timer was faster than the pool's
	}
	switch f.kind {
	case doneFrame:
		err := c.decode(b, i, f)
		if err == nil {
			return done
		}
		b.fail(i, fmt.Errorf("procpool: the reply of %s cannot be decoded: %w", b.function(), err))
		return failed
	case notRunFrame:
		b.fail(i, cause)
		return cancelled
	default:
		b.fail(i, becauseOf(cause, errorOf(b.function(), f)))
		return unless(cause, failed)
	}
}

func (c *process) decode(b batch, i int, f frame) (err error) {
	defer func() {
		if r := recover(); r != nil { // in a GobDecode of the user
			err = panics.New(r)
		}
	}()
	return b.succeed(i, func(v any) error { return c.dec.decode(f, v) })
}

// read reads the reply to frame id. It uses the space of the one before.
func (c *process) read(id uint64) (frame, error) {
	f, err := readFrame(c.replies, c.space)
	if err != nil {
		return f, err
	}
	c.space = kept(f.name[:0])
	if f.id != id || f.kind < doneFrame || f.kind > notRunFrame {
		return f, errProtocol
	}
	return f, nil
}

// begin notes that the frames first to last are about to be sent.
func (c *process) begin(first, last uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.last = first, last
}

// settled notes that the current frame has been replied to, or never will be, and
// that the next one is current, if it is not 0. It returns why the pool has ended
// the current one.
func (c *process) settled(next uint64) (cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cause = c.cause
	c.current = next
	switch {
	case c.killed:
	case next != 0 && next <= c.upTo:
		c.cause = c.upToCause
	default:
		c.cause, c.upTo = nil, 0
		if c.grace != nil && !c.ended {
			c.grace.Stop()
		}
	}
	if next == 0 && c.gone.IsOpen() {
		c.closeLocked()
	}
	return cause
}

// crash returns the error of the task that was running when the process ended.
func (c *process) crash(name string, err error) *CrashError {
	c.mu.Lock()
	e := &CrashError{Func: name, ExitCode: -1, Cause: c.cause}
	c.mu.Unlock()
	if e.Cause == nil && err == errProtocol {
		e.Cause = err
	}
	if st := c.cmd.ProcessState; st != nil {
		e.ExitCode = st.ExitCode()
		e.Signal = signalOf(st)
	}
	e.Reason, e.Stderr = c.err.last()
	return e
}
