//go:build explore

package explore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// maxSteps is more than any run takes that makes progress.
const maxSteps = 10_000

// A choice is what the controller can do next: let a thread go on or have an
// event happen.
type choice struct {
	name     string
	thread   *thread // or
	event    *event
	preempts bool // takes the turn from a thread that could go on
}

// A step is a choice that was made.
type step struct{ name, point string }

// runOnce runs body in a bubble of its own under the next schedule of s.
func runOnce(t *testing.T, body func(*Exec), s scheduler) (x *Exec) {
	x = &Exec{byID: make(map[goroutine]*thread)}
	defer func() {
		active.Store(nil)
		if v := recover(); v != nil { // by synctest: the bubble is deadlocked
			if x.failed() {
				x.reason += "; then goroutines are left behind"
			}
			x.Failf("goroutines are left behind: %v", v)
			x.stacks = x.goroutineStacks()
		}
	}()
	synctest.Test(t, func(*testing.T) {
		done := make(chan struct{})
		go func() { // a goroutine that FailNow can end without ending t's
			defer close(done)
			x.run(body, s)
		}()
		<-done
	})
	return x
}

// run runs body under one schedule of s, on the controller's goroutine.
func (x *Exec) run(body func(*Exec), s scheduler) {
	x.controller = self()
	if x.controller.bubble == 0 {
		panic("explore: this version of Go does not tell the bubble of a goroutine")
	}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	active.Store(x)

	normal := false
	defer func() {
		if !normal {
			x.Failf("runtime.Goexit on the controller's goroutine")
		}
		x.ending = x.whereabouts()
		x.drain()
	}()
	x.invalid = true
	x.guard(func() { body(x) })
	x.invalid = x.failed()
	for x.settle(); !x.failed(); x.settle() {
		choices := x.choices()
		if len(choices) == 0 {
			choices = x.passTime()
		}
		if len(choices) == 0 {
			x.invalidate(s.ended())
			x.finish()
			break
		}
		if len(x.steps) == maxSteps {
			x.Failf("no end after %d steps: livelock?", maxSteps)
			break
		}
		c, err := s.choose(choices)
		if err != nil {
			x.invalidate(err)
			break
		}
		x.take(c)
	}
	normal = true
}

// invalidate ends the run, unless err is nil, by a failure that says nothing
// about the code under test.
func (x *Exec) invalidate(err error) {
	if err != nil {
		x.invalid = true
		x.Failf("%v", err)
	}
}

// settle waits until every thread is blocked or at a Point, and checks the
// invariants.
func (x *Exec) settle() {
	synctest.Wait()
	x.nameNew()
	for _, check := range x.always {
		x.check(check)
	}
}

// passTime lets time pass, since nothing else can happen but for timers, as it
// does in every bubble. It returns what can happen then, nothing after a minute.
func (x *Exec) passTime() []choice {
	for range 60 {
		if x.allEnded() {
			break
		}
		time.Sleep(time.Second)
		x.settle()
		if choices := x.choices(); len(choices) > 0 {
			return choices
		}
	}
	return nil
}

// finish judges a run in which nothing can happen any more.
func (x *Exec) finish() {
	if len(x.threads) == 0 {
		x.invalidate(errors.New("the body registers no thread"))
	} else if !x.allEnded() {
		x.Failf("stuck: no thread is at a Point, no event is left")
		x.stacks = x.goroutineStacks()
	} else {
		for _, check := range x.finally {
			x.check(check)
		}
	}
}

// nameNew names the goroutines that came to their first Point in this step and
// were not started by Go. Goroutines started by one goroutine have rising ids.
func (x *Exec) nameNew() {
	x.mu.Lock()
	defer x.mu.Unlock()
	slices.SortFunc(x.unnamed, func(a, b *thread) int {
		return cmp.Or(cmp.Compare(a.point, b.point), cmp.Compare(a.id.id, b.id.id))
	})
	for _, th := range x.unnamed {
		x.named++
		th.name = fmt.Sprintf("go#%d", x.named)
		x.threads = append(x.threads, th)
	}
	x.unnamed = nil
}

// choices returns what can happen next: the current thread first, then the
// others, then the events. None is left when the threads have all ended.
func (x *Exec) choices() []choice {
	over := x.allEnded()
	x.mu.Lock()
	defer x.mu.Unlock()
	var choices []choice
	preempts := x.current != nil && x.current.state == atPoint
	if preempts {
		choices = append(choices, choice{name: x.current.name, thread: x.current})
	}
	for _, th := range x.threads {
		if th.state == atPoint && th != x.current {
			choices = append(choices, choice{name: th.name, thread: th, preempts: preempts})
		}
	}
	if over && len(choices) == 0 {
		return nil
	}
	for _, e := range x.events {
		if !e.done {
			choices = append(choices, choice{name: e.name, event: e})
		}
	}
	return choices
}

// take makes the choice.
func (x *Exec) take(c choice) {
	x.cover(c.thread)
	if c.event != nil {
		x.steps = append(x.steps, step{c.name, "event"})
		c.event.done = true
		x.progress.Add(1)
		x.guard(c.event.fn)
		return
	}
	x.steps = append(x.steps, step{c.name, c.thread.point})
	x.current = c.thread
	x.resume(c.thread)
}

func (x *Exec) resume(th *thread) {
	x.mu.Lock()
	th.state = running
	x.mu.Unlock()
	x.progress.Add(1)
	th.resume <- struct{}{}
}

// allEnded reports whether the threads started by Go have ended.
func (x *Exec) allEnded() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !slices.ContainsFunc(x.threads, func(th *thread) bool {
		return th.started && th.state != ended
	})
}

func (x *Exec) check(check func() error) {
	x.guard(func() {
		if err := check(); err != nil {
			x.Failf("%v", err)
		}
	})
}

// guard calls a function of the test on the controller's goroutine.
func (x *Exec) guard(fn func()) {
	defer func() {
		if v := recover(); v != nil {
			x.Failf("panic on the controller's goroutine: %v\n\n%s", v, debug.Stack())
		}
	}()
	fn()
}
