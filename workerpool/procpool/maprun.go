package procpool

import (
	"context"
	"sync"

	"github.com/interleave-go/interleave/internal/waitq"
)

// mapRun is one loop over a Map.
type mapRun[Req, Rep any] struct {
	ctx     context.Context
	p       *Pool
	name    string
	size    int // of a chunk
	yield   func(Rep, error) bool
	next    *chunk[Req, Rep]   // being filled, or nil
	pending []*chunk[Req, Rep] // being run, in order
	stop    bool               // the pool takes no more tasks
	left    bool               // the range loop is over
}

// chunk is a batch that somebody waits for.
type chunk[Req, Rep any] struct {
	name string
	reqs []Req
	reps []Rep
	errs []error

	mu   sync.Mutex // guards done
	done waitq.Gate // open: reps and errs are complete
}

func (c *chunk[Req, Rep]) function() string      { return c.name }
func (c *chunk[Req, Rep]) size() int             { return len(c.reqs) }
func (c *chunk[Req, Rep]) request(i int) any     { return boxed(&c.reqs[i]) }
func (c *chunk[Req, Rep]) fail(i int, err error) { c.errs[i] = err }
func (c *chunk[Req, Rep]) succeed(i int, decode func(any) error) (err error) {
	rep, err := unboxed[Rep](decode)
	if err == nil {
		c.reps[i] = rep
	}
	return err
}

// add takes a request on and reports whether there is to be another one.
func (r *mapRun[Req, Rep]) add(req Req) bool {
	if r.next == nil {
		r.next = &chunk[Req, Rep]{name: r.name}
	}
	r.next.reqs = append(r.next.reqs, req)
	if r.ctx.Err() != nil {
		r.finish()
		return false
	}
	if len(r.next.reqs) == r.size {
		r.start()
	}
	for len(r.pending) > 0 && !r.left && (len(r.pending) >= 2*r.p.limit || r.pending[0].done.IsOpen()) {
		r.yieldFirst()
	}
	if r.stop {
		r.finish()
	}
	return !r.stop && !r.left
}

// start has the chunk run that is being filled.
func (r *mapRun[Req, Rep]) start() {
	c := r.next
	r.next = nil
	c.reps, c.errs = make([]Rep, len(c.reqs)), make([]error, len(c.reqs))
	r.pending = append(r.pending, c)
	// Queued here and not there, so that they are begun in order: those behind the
	// first one are of no use before it is done.
	pl := r.p.submit(r.ctx, len(c.reqs))
	go func() {
		r.p.runOn(r.ctx, c, pl)
		c.mu.Lock()
		c.done.OpenAndUnlock(&c.mu)
	}()
}

// yieldFirst waits for the first chunk that is pending, and yields what became of it.
func (r *mapRun[Req, Rep]) yieldFirst() {
	c := r.pending[0]
	c.done.Wait(&c.mu, nil)
	r.pending[0] = nil
	r.pending = r.pending[1:]
	for i, rep := range c.reps {
		r.stop = r.stop || isClosed(c.errs[i])
		if !r.yield(rep, c.errs[i]) {
			r.left = true
			return
		}
	}
}

// finish yields what has been read and not been yielded.
func (r *mapRun[Req, Rep]) finish() {
	if r.next != nil && !r.left {
		r.start()
	}
	for len(r.pending) > 0 && !r.left {
		r.yieldFirst()
	}
}

// await returns when nothing of the loop runs any more.
func (r *mapRun[Req, Rep]) await() {
	for _, c := range r.pending {
		c.done.Wait(&c.mu, nil)
	}
}
