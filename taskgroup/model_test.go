package taskgroup_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/interleave-go/interleave/taskgroup"
)

// A failure is an error as the model sees it: what errors.Is can find in it.
type failure struct {
	atoms []string
	panic bool // on its way as a panic
}

// says reports whether f says nothing but that a context was cancelled.
func (f *failure) saysOnlyCancelled() bool {
	return !slices.ContainsFunc(f.atoms, func(s string) bool { return s != "canceled" })
}

var cancelled = failure{atoms: []string{"canceled"}}

// A modelTask is a task in the model, together with the group that runs in it.
type modelTask struct {
	*plan
	parent    *modelTask
	children  []*modelTask
	state     taskgroup.State
	added     bool // to its group
	endAt     time.Duration
	stopped   bool // by Cancel
	ctxEnded  bool // its own context
	free      int
	queue     []*modelTask
	open      int  // children that have not ended
	over      bool // the context of its group has ended
	failures  []failure
	panicked  int  // index of the failure that is to be panicked with, -1 if none
	firstSure bool // nothing else could have been the first failure
}

// A model runs plans one step at a time.
type model struct {
	now      time.Duration
	tasks    []*modelTask
	root     *modelTask
	cancelAt time.Duration // from outside, 0 for never
	cascade  int           // contexts are being ended
	done     bool
	result   *failure
}

func newModel(p *plan, cancelAt time.Duration) *model {
	m := &model{cancelAt: cancelAt}
	m.root = m.add(p, nil)
	return m
}

func (m *model) add(p *plan, parent *modelTask) *modelTask {
	t := &modelTask{plan: p, parent: parent, panicked: -1}
	m.tasks = append(m.tasks, t)
	for _, child := range p.children {
		t.children = append(t.children, m.add(child, t))
	}
	return t
}

// run runs the model to its end.
func (m *model) run() {
	m.begin(m.root)
	for !m.done {
		next, at := func() {}, time.Duration(1<<63-1)
		for _, t := range m.tasks {
			if t.added && t.state == taskgroup.Running && !t.nested && t.endAt < at {
				next, at = func() { m.end(t, t.failure()) }, t.endAt
			}
			if t.cancelAt > m.now && t.cancelAt < at {
				next, at = func() { m.stop(t) }, t.cancelAt
			}
		}
		if m.cancelAt > m.now && m.cancelAt < at {
			next, at = func() { m.endContext(m.root) }, m.cancelAt
		}
		m.now = at
		next()
	}
}

// failure returns what a leaf ends with by itself, nil for success.
func (t *modelTask) failure() *failure {
	switch t.outcome {
	case failsAt:
		return &failure{atoms: []string{fmt.Sprint("error ", t.id)}}
	case panicsAt:
		return &failure{atoms: []string{fmt.Sprint("panic ", t.id)}, panic: true}
	case exits:
		return &failure{atoms: []string{"exit"}}
	}
	return nil
}

func (m *model) begin(t *modelTask) {
	t.added, t.state = true, taskgroup.Running
	switch {
	case t.ctxEnded && (t.nested || t.obeys):
		m.end(t, &cancelled)
	case !t.nested:
		t.endAt = m.now + t.time
	default:
		t.free, t.open = t.limit, len(t.children)
		for _, child := range t.children {
			child.added = true
			if t.limit > 0 && t.free == 0 {
				t.queue = append(t.queue, child)
				continue
			}
			t.free--
			m.begin(child)
		}
		if len(t.children) == 0 {
			m.endGroup(t)
		}
	}
}

// stop is Cancel.
func (m *model) stop(t *modelTask) {
	if t.added && t.state < taskgroup.Succeeded {
		t.stopped = true
		m.endContext(t)
	}
}

func (m *model) endContext(t *modelTask) {
	if t.ctxEnded {
		return
	}
	t.ctxEnded = true
	m.cascade++
	defer func() { m.cascade-- }()
	switch {
	case t.state != taskgroup.Running:
	case t.nested:
		m.cancel(t)
	case t.obeys:
		m.end(t, &cancelled)
	}
}

// cancel ends the context of the group of t.
func (m *model) cancel(t *modelTask) {
	t.over = true
	for _, child := range t.children {
		if child.state == taskgroup.Queued {
			child.ctxEnded = true
		}
	}
	for _, child := range t.children {
		m.endContext(child)
	}
}

// end ends t with f, which is nil for success.
func (m *model) end(t *modelTask, f *failure) {
	g := t.parent
	if g == nil {
		m.done, m.result = true, f
		return
	}
	t.state = taskgroup.Succeeded
	if f != nil {
		t.state = taskgroup.Failed
		m.record(g, t, f)
	}
	g.open--
	g.free++
	if len(g.queue) > 0 {
		next := g.queue[0]
		g.queue = g.queue[1:]
		g.free--
		m.begin(next)
	}
	if g.open == 0 && g.state == taskgroup.Running {
		m.endGroup(g)
	}
}

func (m *model) record(g, t *modelTask, f *failure) {
	if f.saysOnlyCancelled() {
		t.state = taskgroup.Cancelled
		if t.stopped || g.over && len(g.failures) > 0 {
			return
		}
	}
	first := len(g.failures) == 0
	if first {
		g.firstSure = m.cascade == 0
	}
	fatal := f.panic && !g.asError
	if fatal && g.panicked < 0 {
		g.panicked = len(g.failures)
	}
	g.failures = append(g.failures, *f)
	if (fatal || first && !g.keepGoing) && !g.over {
		m.cancel(g)
	}
}

// endGroup ends the task of a group whose tasks have all ended.
func (m *model) endGroup(t *modelTask) {
	if len(t.failures) == 0 {
		m.end(t, nil)
		return
	}
	var result failure
	if t.panicked >= 0 {
		result.panic = true
		result.atoms = slices.Clone(t.failures[t.panicked].atoms)
	}
	for i, f := range t.failures {
		if i != t.panicked {
			result.atoms = append(result.atoms, f.atoms...)
		}
	}
	around := t.parent != nil && t.parent.over // who ended that says why
	if t.ctxEnded && !around && !result.panic && !slices.Contains(t.failures[0].atoms, "canceled") {
		result.atoms = append(result.atoms, "canceled")
	}
	m.end(t, &result)
}
