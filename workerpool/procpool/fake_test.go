package procpool

import (
	"context"
	"errors"
	"sync"
	"testing/synctest"
	"time"
)

var errStart = errors.New("cannot start")

// factory makes children that live in this process.
type factory struct {
	mu        sync.Mutex // guards what follows
	failing   bool       // children fail to start
	startTime time.Duration
	processes int // that have not been waited for
	most      int
}

func (f *factory) pool(workers int, opts ...Option) *Pool {
	p := newPool(workers, opts...)
	p.spawn = func() child {
		return &fake{factory: f, over: make(chan struct{}), killed: make(chan struct{})}
	}
	return p
}

func (f *factory) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

func (f *factory) fail(failing bool)    { f.locked(func() { f.failing = failing }) }
func (f *factory) slow(d time.Duration) { f.locked(func() { f.startTime = d }) }
func (f *factory) alive() (n int)       { f.locked(func() { n = f.processes }); return n }
func (f *factory) atMost() (n int)      { f.locked(func() { n = f.most }); return n }

// fake is a child whose tasks are fakeTasks. It is gone once it was ended or killed.
type fake struct {
	*factory
	once, onceKilled sync.Once
	over, killed     chan struct{}
}

func (c *fake) start() error {
	c.mu.Lock()
	c.processes++
	c.most = max(c.most, c.processes)
	failing, d := c.failing, c.startTime
	c.mu.Unlock()
	select {
	case <-time.After(d):
	case <-c.killed:
		return ErrClosed
	}
	if failing {
		return errStart
	}
	return nil
}

func (c *fake) end()       { c.once.Do(func() { close(c.over) }) }
func (c *fake) kill(error) { c.onceKilled.Do(func() { close(c.killed) }); c.end() }

func (c *fake) wait() {
	<-c.over
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes--
}

var errCrash = errors.New("crash")

func (c *fake) run(ctx context.Context, b batch, from, to int, over func(outcome, bool)) (int, bool) {
	for i := from; i < to; i++ {
		t := b.request(i).(*fakeTask)
		t.begun++
		var as outcome
		select {
		case t.err = <-t.end:
			if t.err != nil {
				as = failed
			}
		case <-ctx.Done():
			t.err, as = ctx.Err(), cancelled
		case <-c.killed:
			t.err, as = ErrClosed, cancelled
		}
		crashed := t.err == errCrash || as == cancelled && t.err == ErrClosed
		if crashed {
			c.end()
		}
		over(as, i+1 < to && !crashed)
		if crashed {
			return i + 1, false
		}
	}
	return to, true
}

// fakeTask is a task that ends when the test says so.
type fakeTask struct {
	end   chan error
	err   error
	begun int
}

type fakeBatch []*fakeTask

func (b fakeBatch) function() string                   { return "fake" }
func (b fakeBatch) size() int                          { return len(b) }
func (b fakeBatch) request(i int) any                  { return b[i] }
func (b fakeBatch) succeed(int, func(any) error) error { return nil }
func (b fakeBatch) fail(i int, err error)              { b[i].err = err }

// call is a call of run in a goroutine of its own.
type call struct {
	fakeBatch
	cancel context.CancelFunc
	done   chan struct{}
}

// begin starts a call with n tasks, and waits until it cannot go on.
func begin(ctx context.Context, p *Pool, n int) *call {
	c := &call{done: make(chan struct{})}
	for range n {
		c.fakeBatch = append(c.fakeBatch, &fakeTask{end: make(chan error)})
	}
	ctx, c.cancel = context.WithCancel(ctx)
	go func() {
		defer close(c.done)
		p.run(ctx, c)
	}()
	synctest.Wait()
	return c
}

// finish ends task i, which runs, and waits until all that follows has happened.
func (c *call) finish(i int, err error) {
	c.fakeBatch[i].end <- err
	synctest.Wait()
}

func (c *call) returned() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
