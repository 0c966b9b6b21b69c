package connpool

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
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

	mu       sync.Mutex // guards the fields below
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
	p.lock()
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

// serveLocked does what there is to do after a change: lends idle connections to
// those who wait, and dials for those for whom there is none, and for MinIdle.
// In a pool that was closed it closes what is idle and tells those who wait.
func (p *Pool[T]) serveLocked() {
	p.barLocked()
	defer p.unbarLocked()
	p.readClockLocked()
	if p.closed {
		p.waiting.FailAllLocked(ErrClosed)
		for len(p.idle) > 0 {
			go p.retire(p.popLocked())
		}
		if p.open == 0 {
			p.closers.GrantAllLocked()
		}
		return
	}
	for w := p.waiting.FrontLocked(); w != nil && len(p.idle) > 0; w = p.waiting.FrontLocked() {
		toCheck := p.now >= p.idle[len(p.idle)-1].freshUntil
		if toCheck && len(p.jobs) >= p.waiting.LenLocked() {
			break // one check for each is enough
		}
		switch e := p.popLocked(); {
		case !toCheck:
			p.grantLocked(w, e)
		case p.now < e.expires:
			p.startLocked(w.Value.ctx, e)
		default:
			go p.retire(e)
		}
	}
	for p.wantsDialLocked() {
		p.open++
		p.startLocked(p.nextInNeedLocked(), nil)
	}
	if p.now < p.retryAt && p.neededLocked() > len(p.jobs) {
		p.setAlarmLocked(p.retryAt)
	}
}

// wantsDialLocked reports whether a connection should and can be dialled.
func (p *Pool[T]) wantsDialLocked() bool {
	return len(p.jobs) < p.neededLocked() && p.open < p.max && p.now >= p.retryAt &&
		(p.cfg.MaxDials == 0 || len(p.jobs) < p.cfg.MaxDials)
}

func (p *Pool[T]) neededLocked() int {
	return p.waiting.LenLocked() + max(0, p.cfg.MinIdle-len(p.idle))
}

// nextInNeedLocked returns the context of the first call that waits and for
// which no job runs yet.
func (p *Pool[T]) nextInNeedLocked() context.Context {
	served := len(p.jobs)
	for w := range p.waiting.AllLocked() {
		if served == 0 {
			return w.Value.ctx
		}
		served--
	}
	return context.Background()
}

func (p *Pool[T]) grantLocked(w *waitq.Waiter[*request[T]], e *entry[T]) {
	w.Value.conn = p.lendLocked(e, w.Value.stack)
	p.waiting.GrantLocked(w)
}

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

// barLocked makes all that is idle visible in idle.
func (p *Pool[T]) barLocked() {
	p.barred.Store(true) // first: a Release that did not see it is seen here
	if e := p.hot.Swap(nil); e != nil {
		e.state = idle
		p.idle = append(p.idle, e)
	}
}

func (p *Pool[T]) unbarLocked() {
	if concerned := p.timed || p.cfg.MinIdle > 0 || p.closed || p.open > p.max ||
		p.waiting.LenLocked() > 0; !concerned {
		p.barred.Store(false)
	}
}

// lock locks mu. Those who find it taken stay away for a microsecond: the few
// instructions of whoever has it take longer if others want its cache line.
func (p *Pool[T]) lock() {
	for range 8 {
		if p.mu.TryLock() {
			return
		}
		for range 4000 {
		}
	}
	p.mu.Lock()
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
