package actor

import (
	"runtime"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// receive handles messages until there is none, something else is to be done, or one fails.
func (a *actor[M]) receive() {
	var e envelope[M]
	inside := false
	defer func() { // once for many messages
		if !inside {
			return
		}
		err := error(ErrGoexit)
		if value := recover(); value != nil {
			err = panics.New(value)
		}
		a.failOn(e, err)
	}()
	for n := 1; a.take(&e) || a.takeLate(&e); n++ {
		inside = true
		if e.tag != nil && e.tag.content != nil {
			m := new(M)
			e.tag.content(m)
			e.message, e.tag.content = *m, nil
		}
		err := a.behavior.Receive(a.context, e.message)
		inside = false
		if err != nil {
			a.failOn(e, err)
			return
		}
		a.handled.Store(a.handled.Load() + 1)
		if n%turnLength == 0 {
			runtime.Gosched() // others get their turn
		}
	}
	if a.current.Load() != nil {
		a.current.Store(nil) // an actor that rests keeps no ask
	}
}

// takeLate takes a message that comes within one turn of others. Who gets a reply often
// asks again, and this costs less than to end the goroutine and to start another one.
func (a *actor[M]) takeLate(e *envelope[M]) bool {
	if a.urgent.Load() {
		return false
	}
	runtime.Gosched()
	return a.take(e)
}

// failOn has the actor fail with err, which it has met handling e.
func (a *actor[M]) failOn(e envelope[M], err error) {
	explore.Point("actor: failed on a message")
	failed := !a.obeys(err)
	a.mu.Lock()
	if failed {
		a.failLocked(err)
	}
	m := a.more
	switch t := e.tag; {
	case t == nil && a.config.redeliver > 0, t != nil && t.tries < a.config.redeliver:
		if t == nil {
			t = new(tag)
			e.tag = t
		}
		t.tries++
		if t.ask != nil {
			t.ask.taken = false
		}
		a.firstLocked(e)
	case failed && t != nil && t.ask != nil: // else it ends with the incarnation
		a.settleLocked(t.ask, err)
	}
	if failed && a.config.onFailure != nil {
		m.culprit = e.message
	}
	// Not one handled in between.
	a.handled.Store(a.handled.Load() + 1)
	m.handled = a.handled.Load()
	a.mu.Unlock()
}

// firstLocked accepts messages again, to be handled before all others.
func (a *actor[M]) firstLocked(es ...envelope[M]) {
	x := a.needExtraLocked()
	x.first = append(es, x.first...)
	a.accepted += uint64(len(es))
	a.urgent.Store(true)
}

func (a *actor[M]) build() error {
	b := a.factory()
	if b == nil {
		return errNoBehavior
	}
	a.behavior = b
	a.mu.Lock()
	a.context = &Context[M]{a, a.numberLocked()}
	if a.extra != nil {
		a.extra.made = nil
	}
	a.unstashLocked()
	a.mu.Unlock()
	return nil
}

// unstashLocked accepts again what was put aside.
func (a *actor[M]) unstashLocked() {
	if x := a.extra; x != nil {
		stash := x.stash
		x.stash = nil
		a.accepted -= uint64(len(stash))
		a.firstLocked(stash...)
	}
}

// made returns the behavior that the factory made.
func (a *actor[M]) made() Behavior[M] {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.extra != nil && a.extra.made != nil {
		return a.extra.made
	}
	return a.behavior
}

func (a *actor[M]) started() error {
	if s, ok := a.made().(Starter[M]); ok {
		return s.Started(a.context)
	}
	return nil
}

func (a *actor[M]) stopping(cause error) {
	a.current.Store(nil)
	if s, ok := a.made().(Stopping[M]); ok {
		s.Stopping(a.context, cause)
	}
}

func (a *actor[M]) stopped(cause error) {
	s, ok := a.made().(Stopped[M])
	a.behavior, a.factory = nil, nil // the reference to an actor may outlive it
	a.current.Store(nil)
	a.mu.Lock()
	a.needExtraLocked().made = nil
	a.mu.Unlock()
	if ok {
		s.Stopped(a.context, cause)
	}
}

func (a *actor[M]) actor() Actor { return &a.ref }

func (a *actor[M]) handledCount() uint64 { return a.handled.Load() }

// asked returns the ask that is being handled, nil if none.
func (a *actor[M]) asked() *ask {
	if t := a.current.Load(); t != nil {
		return t.ask
	}
	return nil
}
