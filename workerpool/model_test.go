package workerpool

import (
	"context"
	"errors"
	"slices"
	"time"
)

// never is later than all that happens.
const never = time.Duration(1 << 62)

// An item is a task and what the model expects of it.
type item struct {
	id, priority int
	takes        time.Duration
	timeout      time.Duration // of the task, never if it has none
	ctxEnd       time.Duration
	ctxErr       error
	err          error // what it returns if nothing ends it

	refused   error // of the submission
	submitted bool  // the submission has returned
	end       time.Duration
	endErr    error
	over      bool // its future is resolved, with endErr
	follows   *item
	then      []*item

	real realItem
}

// A model is a pool without concurrency.
type model struct {
	limit, capacity int
	policy          Policy
	paused, closed  bool
	closing         error
	now             time.Duration
	blocked         []*item // in the order of their arrival
	queued          []*item // in that of their acceptance
	running         []*item
	here            []*item // by their submitters
	resolving       bool    // by a worker, which thus has not ended
	Stats
}

func (m *model) free() int {
	if m.paused {
		return 0
	}
	return max(0, m.limit-len(m.running))
}

func (m *model) full() bool { return len(m.queued) >= m.capacity+m.free() }

func (m *model) gone() bool {
	return m.closing != nil && len(m.queued)+len(m.running) == 0 && !m.resolving
}

// submit is a submission, of a policy that may be another than the pool's.
func (m *model) submit(i *item, policy Policy) {
	switch {
	case i.ctxEnd <= m.now:
		i.refused = i.ctxErr
	case m.closing != nil && (policy != always || m.closed || m.gone()):
		i.refused = ErrClosed
	case policy == always || !m.full():
		m.enqueue(i)
	case policy == Reject:
		i.refused = ErrFull
	case policy == CallerRuns:
		m.begin(i)
		m.here = append(m.here, i)
		return
	default:
		m.blocked = append(m.blocked, i)
		return
	}
	i.submitted = true
	m.settle()
}

func (m *model) enqueue(i *item) {
	m.Submitted++
	m.queued = append(m.queued, i)
}

func (m *model) begin(i *item) {
	i.end, i.endErr = m.now+i.takes, i.err
	if at := m.now + i.timeout; i.timeout != never && at < i.end {
		i.end, i.endErr = at, context.DeadlineExceeded
	}
	if i.ctxEnd < i.end {
		i.end, i.endErr = i.ctxEnd, i.ctxErr
	}
}

// settle admits those who wait for room, and has workers begin.
func (m *model) settle() {
	for {
		for len(m.blocked) > 0 && (m.closing != nil || !m.full()) {
			i := m.blocked[0]
			m.blocked = m.blocked[1:]
			i.submitted = true
			if m.closing != nil {
				i.refused = ErrClosed
			} else {
				m.enqueue(i)
			}
		}
		if m.paused || len(m.queued) == 0 || len(m.running) >= m.limit {
			return
		}
		next := m.queued[0]
		for _, i := range m.queued {
			if i.priority > next.priority {
				next = i
			}
		}
		m.queued = without(m.queued, next)
		m.begin(next)
		m.running = append(m.running, next)
	}
}

func without(items []*item, i *item) []*item {
	return slices.DeleteFunc(items, func(o *item) bool { return o == i })
}

// resolve ends i, and has what follows it begin.
func (m *model) resolve(i *item, err error) {
	i.over, i.endErr = true, err
	for _, next := range i.then {
		m.follow(next, i)
	}
}

func (m *model) follow(next, i *item) {
	if i.endErr != nil {
		m.resolve(next, i.endErr)
		return
	}
	m.submit(next, always)
	if next.refused != nil {
		m.resolve(next, next.refused)
	}
}

// next returns what ends next, and when.
func (m *model) next() (next *item, at time.Duration) {
	at = never
	for _, i := range slices.Concat(m.running, m.here) {
		if i.end < at {
			next, at = i, i.end
		}
	}
	for _, i := range slices.Concat(m.blocked, m.queued) {
		if i.ctxEnd < at {
			next, at = i, i.ctxEnd
		}
	}
	return next, at
}

// advance lets time pass.
func (m *model) advance(d time.Duration) {
	until := m.now + d
	for i, at := m.next(); at <= until; i, at = m.next() {
		m.now = at
		m.finish(i)
	}
	m.now = until
}

// finish ends i, whose time has come.
func (m *model) finish(i *item) {
	switch {
	case slices.Contains(m.blocked, i):
		m.blocked = without(m.blocked, i)
		i.submitted, i.refused = true, i.ctxErr
		m.settle()
		return
	case slices.Contains(m.queued, i):
		m.queued = without(m.queued, i)
		m.Cancelled++
		i.endErr = i.ctxErr
	default:
		if slices.Contains(m.here, i) {
			m.Submitted++
			i.submitted = true
		}
		m.resolving = slices.Contains(m.running, i)
		m.running, m.here = without(m.running, i), without(m.here, i)
		if i.endErr == nil {
			m.Done++
		} else {
			m.Failed++
		}
	}
	m.settle()
	m.resolve(i, i.endErr)
	m.resolving = false
	m.settle()
}

// cancel ends the context of i.
func (m *model) cancel(i *item) {
	if i.ctxEnd <= m.now || i.over {
		return
	}
	i.ctxEnd, i.ctxErr = m.now, context.Canceled
	if i.follows != nil && !i.follows.over {
		i.follows.then = without(i.follows.then, i)
		m.resolve(i, context.Canceled)
		return
	}
	if slices.Contains(m.running, i) || slices.Contains(m.here, i) {
		i.end, i.endErr = m.now, context.Canceled
	}
	m.advance(0)
}

func (m *model) shutdown() {
	if m.closing == nil {
		m.closing = ErrClosed
	}
	m.paused = false
	m.settle()
}

func (m *model) close() {
	m.closed, m.closing, m.paused = true, ErrClosed, false
	queued, running := m.queued, slices.Concat(m.running, m.here)
	m.queued = nil
	m.Cancelled += len(queued)
	m.settle()
	for _, i := range queued {
		m.resolve(i, ErrClosed)
	}
	for _, i := range running {
		i.end, i.endErr = m.now, context.Canceled
		m.finish(i)
	}
}

// stats returns the numbers as the pool tells them.
func (m *model) stats() Stats {
	s := m.Stats
	s.Limit, s.Paused, s.Closed = m.limit, m.paused, m.closing != nil
	s.Waiting, s.Running, s.Blocked = len(m.queued), len(m.running), len(m.blocked)
	return s
}

// matches reports whether err is what the model expects; a panic stands for errPanic.
func matches(want, err error) bool {
	var panicked *PanicError
	if want == errPanic {
		return errors.As(err, &panicked)
	}
	return want == err
}

var errPanic = errors.New("panics")
