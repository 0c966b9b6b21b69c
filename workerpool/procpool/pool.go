package procpool

import (
	"context"
	"sync"
	"time"

	"github.com/interleave-go/interleave/internal/waitq"
)

// maxStartFailures is how many workers on end fail to start before the pool is
// broken.
const maxStartFailures = 3

// A Pool runs tasks in processes. [New] makes it.
//
// Invariants: len(workers) <= limit. A worker is starting, idle, lent to a call,
// or on its way out; while it is lent it is one of workers, be its process gone or
// not, so that no more tasks run than there may be workers. Nobody waits while a worker is idle. While fewer than limit
// workers exist, each of those who wait has one starting, unless the pool is
// broken or was killed.
type Pool struct {
	settings
	limit int
	spawn func() child // makes a child, which has yet to be started

	mu       sync.Mutex // guards what follows
	workers  map[*worker]struct{}
	idle     []*worker // the one used last at the end
	starting int
	failures int                  // to start, on end
	waiters  waitq.Queue[*worker] // a grant puts the worker into Value
	counts   Stats                // without what else there is here
	alarm    alarm                // for idle workers
	closed   bool                 // no more tasks
	killed   bool                 // none that wait either
	broken   error                // why no worker can be started
	empty    waitq.Gate           // closed, and nothing is left
}

// A worker is a child as the pool sees it. Guarded by the pool's mutex, or owned
// by the call that it is lent to.
type worker struct {
	child
	left  int       // tasks until it is replaced
	since time.Time // idle
	lent  bool      // to a call
	gone  bool      // and waited for
}

// A child is a process that runs tasks. This is all that the pool knows of it.
type child interface {
	// start makes it ready for tasks.
	start() error
	// run has it run tasks from..to of b, one after the other, and calls over for
	// each that is settled; goesOn says that the next one has begun. It returns the
	// first that is not settled, and whether the child can have further tasks.
	run(ctx context.Context, b batch, from, to int, over func(as outcome, goesOn bool)) (next int, fit bool)
	// end makes it exit if it has nothing to do. kill does so in any case, and
	// gives cause as the reason. They do not block, and may come at any time.
	end()
	kill(cause error)
	// wait blocks until it is gone. It is called once, whatever start returned.
	wait()
}

// A batch is a number of requests for one function, and what became of them.
type batch interface {
	function() string
	size() int
	request(i int) any
	// succeed decodes the reply.
	succeed(i int, decode func(any) error) error
	fail(i int, err error)
}

// New returns a pool of at most that many processes. It starts none: one is
// started when a task finds none idle, and exits when it has been idle for some
// time.
//
// It panics if workers is not positive, or if [Main] was not called: without it,
// the workers would run the program's main again.
func New(workers int, opts ...Option) *Pool {
	if workers <= 0 {
		panic("procpool: number of workers is not positive")
	}
	if !mainWasCalled() {
		panic("procpool: call procpool.Main at the top of main or TestMain")
	}
	p := newPool(workers, opts...)
	p.spawn = func() child { return newProcess(&p.settings) }
	return p
}

func newPool(workers int, opts ...Option) *Pool {
	p := &Pool{settings: defaults(), limit: workers, workers: make(map[*worker]struct{})}
	for _, opt := range opts {
		opt(&p.settings)
	}
	return p
}
