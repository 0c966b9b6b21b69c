package connpool

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
	"github.com/interleave-go/interleave/semaphore"
)

// ErrClosed says that the pool was closed.
var ErrClosed = errors.New("connpool: closed")

// Pool lends connections of type T. Create one with [New].
//
// A call of Acquire first takes one of MaxConns units, which its caller gives
// back with the connection. With the unit it gets an idle connection or waits
// for one: whatever is dialled or released goes to the one who has waited for
// longest. So a dial belongs to nobody, and there need be no more of them than
// there are calls that wait.
//
// Invariants, whenever mu is free:
//   - open = len(all) + (dials that run), and open <= max, except for what was
//     open already when Resize lowered max.
//   - idle holds, in the order of their return, the entries whose state is idle.
//     There are none, but for those that are to be checked, while a call waits,
//     and none at all once the pool is closed.
//   - If barred is false, nobody but who acquires or releases depends on it:
//     nobody waits, nothing changes with time, MinIdle is zero, and the pool is
//     neither closed nor has it more than max open.
//   - If barred is true, hot is nil, unless the Release that has just put an
//     entry there is about to take it back.
type Pool[T any] struct {
	dial  func(context.Context) (T, error)
	cfg   Config[T] // but for MaxConns
	units *semaphore.Weighted
	base  time.Time // what all times are measured from
	timed bool      // whether idle connections change with time

	// hot is the connection that was released last, while that concerns nobody
	// else: most often one goroutine at a time uses most of the pool, and two
	// exchanges of a pointer are all that it needs. With barred set, Acquire and
	// Release take mu.
	hot    atomic.Pointer[entry[T]]
	barred atomic.Bool
	_      [cacheLine - 16]byte

	mu       waitq.Mutex // guards the fields below
	max      int
	closed   bool
	open     int
	all      []*entry[T]
	idle     []*entry[T]
	jobs     map[*job]struct{}        // dials and checks that run
	waiting  waitq.Queue[*request[T]] // calls of Acquire that have a unit
	closers  waitq.Queue[struct{}]    // calls of Close
	failures int                      // dials that failed since one succeeded
	retryAt  time.Duration            // no dial before
	now      time.Duration            // when the clock was read last
	alarm    alarm                    // for what is to happen at some time
	telling  int                      // alarms that call OnLeak
	counts   counts
}

// request is what a call of Acquire waits for.
type request[T any] struct {
	ctx   context.Context
	stack []uintptr
	conn  *Conn[T]
}

// cacheLine is two lines of 64 bytes: processors fetch them in pairs.
const cacheLine = 128

// New returns a pool that opens connections with dial. It dials MinIdle of them
// in the background, and the others when they are asked for. It panics if cfg
// makes no sense.
//
// The context of a dial carries the values of a call of Acquire, but does not
// end with it: a connection that comes too late for one is for the next.
func New[T any](dial func(context.Context) (T, error), cfg Config[T]) *Pool[T] {
	cfg.normalize()
	p := &Pool[T]{
		dial:  dial,
		cfg:   cfg,
		units: semaphore.NewWeighted(int64(cfg.MaxConns)),
		base:  time.Now(),
		timed: max(cfg.MaxLifetime, cfg.MaxIdle, cfg.LeakAfter) > 0 || cfg.Check != nil,
		max:   cfg.MaxConns,
		jobs:  make(map[*job]struct{}),
	}
	p.mu.Lock()
	p.serveLocked()
	p.mu.Unlock()
	return p
}

// Acquire lends a connection: the idle one that was used last, or else the first
// one that is released or dialled. While MaxConns are lent it waits for its
// turn; it waits for dials and for the back-off after dials that have failed.
//
// It returns ctx.Err() if ctx ends first, [ErrClosed], or the error of a dial
// that failed while it waited, which is a [*PanicError] if the dial panicked and
// [ErrGoexit] if it ended its goroutine.
func (p *Pool[T]) Acquire(ctx context.Context) (*Conn[T], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stack := p.stack()
	hasUnit := p.units.TryAcquire(1)
	if hasUnit {
		if c := p.lendFresh(stack); c != nil {
			return c, nil
		}
	}
	return p.wait(ctx, stack, hasUnit)
}

// TryAcquire lends the idle connection that was used last, and reports whether
// there is one that need not be checked. It neither blocks nor dials.
func (p *Pool[T]) TryAcquire() (*Conn[T], bool) {
	if !p.units.TryAcquire(1) {
		return nil, false
	}
	c := p.lendFresh(p.stack())
	if c == nil {
		p.units.Release(1)
	}
	return c, c != nil
}

// lendFresh lends the idle connection that was used last, unless it has expired
// or is to be checked: then so are those that were used before it.
func (p *Pool[T]) lendFresh(stack []uintptr) *Conn[T] {
	explore.Point("connpool: has a unit")
	if e := p.hot.Swap(nil); e != nil {
		return e.lend(p)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed {
		p.readClockLocked()
	}
	if last := len(p.idle) - 1; last < 0 || p.now >= p.idle[last].freshUntil {
		return nil
	}
	c := p.lendLocked(p.popLocked(), stack)
	if p.cfg.MinIdle > 0 {
		p.serveLocked()
	}
	return c
}

// wait waits for a unit, if the caller has none, and for a connection.
func (p *Pool[T]) wait(ctx context.Context, stack []uintptr, hasUnit bool) (*Conn[T], error) {
	start := time.Since(p.base)
	if !hasUnit {
		if err := p.units.Acquire(ctx, 1); err != nil {
			if errors.Is(err, semaphore.ErrClosed) {
				err = ErrClosed
			}
			return nil, err
		}
	}
	w := waitq.NewWaiter(ctx, &request[T]{ctx: ctx, stack: stack})
	explore.Point("connpool: about to wait for a connection")
	p.mu.Lock()
	p.waiting.PushLocked(w)
	p.serveLocked() // w first of all, if there is an idle connection
	p.mu.Unlock()
	if err := p.waiting.Wait(&p.mu, w, nil); err != nil {
		p.units.Release(1)
		return nil, err
	}
	p.mu.Lock()
	p.counts.waits.add(time.Since(p.base) - start)
	p.mu.Unlock()
	return w.Value.conn, nil
}
