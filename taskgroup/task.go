package taskgroup

import (
	"context"
	"runtime/trace"
	"time"

	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/internal/waitq"
)

// State is where a task is in its life.
type State uint8

const (
	Queued    State = iota // not begun
	Running                // its function has been called
	Waiting                // it has given up its place in a [Limit] while it waits for other tasks; or a group whose body has ended
	Succeeded              // its function returned nil
	Failed                 // its function returned an error, panicked, or called runtime.Goexit
	Cancelled              // its function returned an error that says only that its context ended
)

// String returns the name of s in lower case.
func (s State) String() string {
	return [...]string{"queued", "running", "waiting", "succeeded", "failed", "cancelled"}[s]
}

// A task is a function that belongs to a group: the body or what Go was given. It
// is also the context that the function is called with, so that what is done with
// that context can be attributed to it. There can be very many: it is kept small, and
// what few tasks have is in details.
//
// Invariants:
//   - holding is set if and only if the task has a slot of each limiter of its group.
//   - back is not nil while the task waits to have its slots back.
type task struct {
	group   *Group
	since   time.Duration // when it was started, after epoch
	details *details      // nil if it has none

	// Guarded by the mutex of the group's scheduler.
	fn         func(context.Context) error // nil for the body, and once it has returned
	prev, next *task                       // among those of the group that have not ended
	behind     *task                       // in a queue
	groups     *Group                      // that run within the task, the newest first
	back       *waitq.Gate
	waiting    int32 // goroutines of the task that wait for other tasks
	state      State
	holding    bool
	daemon     bool
}

// details are what some tasks have, together with the task.
type details struct {
	task
	name    string
	pc      uintptr            // of the function it is named after if it has no name
	ctx     context.Context    // its own, or that of the daemons; nil for that of the group
	own     bool               // the task is to have a context of its own
	cancel  context.CancelFunc // ends that
	starter *starter           // who waits for it to be ready, or nil
	after   func(err error)    // called when the group knows how it ended, or nil

	// Guarded by the mutex of the group's scheduler.
	slots     *waitq.Gate // if not nil, opened when a task that is queued has its slots
	gate      waitq.Gate  // open when the task has ended
	err       error       // with which it ended
	cancelled bool        // by stop
}

type taskKey struct{}

// taskOf returns the task that ctx was given to, or nil.
func taskOf(ctx context.Context) *task {
	t, _ := ctx.Value(taskKey{}).(*task)
	return t
}

func (t *task) context() context.Context {
	if t.details != nil && t.details.ctx != nil {
		return t.details.ctx
	}
	return t.group.ctx
}

func (t *task) Deadline() (time.Time, bool) { return t.context().Deadline() }
func (t *task) Done() <-chan struct{}       { return t.context().Done() }
func (t *task) Err() error                  { return t.context().Err() }

func (t *task) Value(key any) any {
	if _, ok := key.(taskKey); ok {
		return t
	}
	return t.context().Value(key)
}

// String implements fmt.Stringer for contexts derived from this one.
func (t *task) String() string {
	t.group.scheduler.mu.Lock()
	name, pc := t.label()
	t.group.scheduler.mu.Unlock()
	return "taskgroup.Task(" + nameOf(name, pc) + ")"
}

// label returns the name of a task that has not ended, and if that is "" the function
// that it is named after.
func (t *task) label() (name string, pc uintptr) {
	switch {
	case t == &t.group.body:
		return t.group.config.name, pcOf(t.group.run)
	case t.details != nil:
		return t.details.name, t.details.pc
	}
	return "", pcOf(t.fn)
}

func (t *task) ended() bool { return t.state >= Succeeded }

// call calls the function of the task. If that ends its goroutine by
// runtime.Goexit, call does not return, but has ended the task.
func (t *task) call() (err error, panicked bool) {
	returned := false
	defer func() {
		if returned || err == nil { // or the program is to end with a panic
			return
		}
		t.end(err, panicked)
		if t == &t.group.body {
			t.group.cancel(err) // also if it keeps going: nobody is told of what the tasks do
		}
	}()
	t.protect(&err, &panicked)
	returned = true
	return err, panicked
}

// protect calls the function of the task and sets err and panicked to how it ended.
// If the function called runtime.Goexit, protect does not return. It need not either
// if a panic is recovered: one in a deferred function does not end a Goexit.
func (t *task) protect(err *error, panicked *bool) {
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		switch {
		case value == nil: // runtime.Goexit
			*err = ErrGoexit
		case t.group.onPanic == Crash && t != &t.group.body:
			panic(value) // on the stack of the first panic, which the program then ends with
		default:
			*err, *panicked = panics.New(value), true
		}
	}()
	if trace.IsEnabled() {
		*err = t.callTraced()
	} else {
		*err = t.invoke(t)
	}
	returned = true
	*err = t.group.timeout.instead(t.group.ctx, *err)
}

func (t *task) callTraced() error {
	ctx, tracing := trace.NewTask(t, nameOf(t.label()))
	defer tracing.End()
	return t.invoke(ctx)
}

func (t *task) invoke(ctx context.Context) error {
	if t == &t.group.body {
		return t.group.run(ctx, t.group)
	}
	return t.fn(ctx)
}

// A list of the tasks of a group, the oldest first.
type list struct{ first, last *task }

func (l *list) add(t *task) {
	t.prev = l.last
	if l.last == nil {
		l.first = t
	} else {
		l.last.next = t
	}
	l.last = t
}

func (l *list) remove(t *task) {
	if t.prev == nil {
		l.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		l.last = t.prev
	} else {
		t.next.prev = t.prev
	}
	t.prev, t.next = nil, nil
}
