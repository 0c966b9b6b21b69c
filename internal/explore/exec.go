//go:build explore

package explore

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Exec is one run of a test's body under one schedule.
//
// Invariants: a thread is in byID once it has come to a Point and in threads
// once it has a name; one that is atPoint waits for resume.
type Exec struct {
	controller goroutine
	ctx        context.Context
	cancel     context.CancelFunc

	// Only the controller's.
	events  []*event
	always  []func() error
	finally []func() error
	current *thread // the one that was let go last
	named   int     // threads named by nameNew
	steps   []step
	ending  []string // where the threads were when the run was judged
	stacks  string   // of goroutines that were stuck or left behind
	invalid bool     // says nothing about the code under test

	progress atomic.Uint64 // grows with each step

	mu       sync.Mutex // guards the fields below and the threads' state
	arrivals int
	threads  []*thread
	byID     map[goroutine]*thread
	unnamed  []*thread // came to their first Point in this step, not started by Go
	over     bool      // Points end their goroutines
	reason   string    // the first failure
}

type thread struct {
	name    string // set once
	id      goroutine
	started bool // by Go
	resume  chan struct{}

	// Guarded by Exec.mu.
	point   string // the last one it came to
	arrival int    // when, as a number of Exec.arrivals
	state   state
}

type state uint8

const (
	running state = iota // or blocked
	atPoint
	ended
)

type event struct {
	name string
	fn   func()
	done bool
}

// start is the Point before a thread's first instruction.
const start = "start"

// Go registers fn as a thread, which starts when the controller first lets it.
// The names of threads and events are not empty, differ from each other, and
// contain none of , * # and '. A Goexit from fn is a failure, and so is a panic.
func (x *Exec) Go(name string, fn func()) {
	x.checkName(name)
	th := &thread{name: name, started: true, resume: make(chan struct{}, 1)}
	x.mu.Lock()
	x.threads = append(x.threads, th)
	x.mu.Unlock()
	go func() {
		normal := false
		defer func() {
			if v := recover(); v != nil {
				x.Failf("panic in %s: %v\n\n%s", name, v, debug.Stack())
			} else if !normal {
				x.Failf("runtime.Goexit in %s", name)
			}
			x.mu.Lock()
			th.state = ended
			x.mu.Unlock()
		}()
		th.id = self()
		x.mu.Lock()
		x.byID[th.id] = th
		x.mu.Unlock()
		x.arrive(th.id, start)
		fn()
		normal = true
	}()
}

// Event registers something that happens at most once, when the controller
// chooses: the cancel of a context, or time.Sleep for the passing of time, which
// stands still otherwise until nothing else can happen. fn runs on the
// controller's goroutine.
func (x *Exec) Event(name string, fn func()) {
	x.checkName(name)
	x.events = append(x.events, &event{name: name, fn: fn})
}

// Context returns a context that is cancelled when the run is over, also when
// it is stuck. Threads that can block for good must wait on it.
func (x *Exec) Context() context.Context { return x.ctx }

// Always registers an invariant. It is checked after each step, when every
// thread is blocked or at a Point.
func (x *Exec) Always(check func() error) { x.always = append(x.always, check) }

// Finally registers a check for when all threads have ended.
func (x *Exec) Finally(check func() error) { x.finally = append(x.finally, check) }

// Failf reports a failure, from any goroutine of the run, and returns. The run
// ends with the step.
func (x *Exec) Failf(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.reason == "" {
		x.reason = fmt.Sprintf(format, args...)
	}
}

func (x *Exec) failed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.reason != ""
}

func (x *Exec) checkName(name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	taken := slices.ContainsFunc(x.threads, func(th *thread) bool { return th.name == name }) ||
		slices.ContainsFunc(x.events, func(e *event) bool { return e.name == name })
	if name == "" || taken || strings.ContainsAny(name, ",*#'") {
		panic(fmt.Sprintf("explore: name %q is empty, taken, or contains one of , * # '", name))
	}
}

// arrive stops the goroutine id at the Point until it is resumed.
func (x *Exec) arrive(id goroutine, point string) {
	x.mu.Lock()
	if x.over {
		x.mu.Unlock()
		runtime.Goexit()
	}
	th := x.byID[id]
	if th == nil {
		th = &thread{id: id, resume: make(chan struct{}, 1)}
		x.byID[id] = th
		x.unnamed = append(x.unnamed, th)
	}
	x.arrivals++
	th.point, th.state, th.arrival = point, atPoint, x.arrivals
	x.mu.Unlock()
	<-th.resume
}
