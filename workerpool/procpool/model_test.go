package procpool

import (
	"context"
	"slices"
	"time"
)

const idleTime = time.Minute

// model is the pool without concurrency: what it is when nothing can go on.
type model struct {
	Stats
	maxTasks        int
	idle            []*modelWorker
	running         map[*call]*modelWorker
	waiting         []*call
	next            map[*call]int // its task that runs or waits
	failing, broken bool
	failures        int
	killed          bool
}

type modelWorker struct {
	left  int
	since time.Time
}

func (m *model) submit(c *call) {
	if m.Closed || m.broken {
		return
	}
	m.Submitted += int64(len(c.fakeBatch))
	m.Waiting += int64(len(c.fakeBatch))
	m.waiting = append(m.waiting, c)
	m.serve()
}

// serve gives workers to those who wait, and starts some.
func (m *model) serve() {
	for len(m.waiting) > 0 {
		if (m.killed || m.broken) && len(m.idle) == 0 {
			as := &m.Cancelled
			if !m.killed {
				as = &m.Failed
			}
			for _, c := range m.waiting {
				n := int64(len(c.fakeBatch) - m.next[c])
				m.Waiting -= n
				*as += n
			}
			m.waiting = nil
			break
		}
		if n := len(m.idle); n > 0 {
			w := m.idle[n-1]
			m.idle = m.idle[:n-1]
			m.running[m.waiting[0]] = w
			m.waiting = m.waiting[1:]
			m.Waiting--
			m.Running++
			continue
		}
		if m.Workers == m.Limit {
			break
		}
		if m.failing {
			if m.failures++; m.failures == maxStartFailures {
				m.broken = true
				continue
			}
			c := m.waiting[0]
			m.waiting = m.waiting[1:]
			m.Waiting--
			m.Failed++
			if m.next[c]++; m.next[c] < len(c.fakeBatch) {
				m.waiting = append(m.waiting, c) // it comes again, behind the others
			}
			continue
		}
		m.failures = 0
		m.Workers++
		m.Started++
		m.idle = append(m.idle, &modelWorker{left: m.maxTasks})
	}
	if m.Closed {
		m.Workers -= len(m.idle)
		m.idle = nil
	}
}

// finish ends the running task of c.
func (m *model) finish(c *call, err error) {
	w := m.running[c]
	m.Running--
	switch err {
	case nil:
		m.Done++
	case errCrash:
		m.Failed++
	default:
		m.Cancelled++
	}
	m.next[c]++
	w.left--
	more := m.next[c] < len(c.fakeBatch)
	if more && err == nil && w.left != 0 {
		m.Waiting--
		m.Running++
		return
	}
	delete(m.running, c)
	if more && err == context.Canceled { // the rest is cancelled with it
		n := int64(len(c.fakeBatch) - m.next[c])
		m.Waiting -= n
		m.Cancelled += n
		w.left -= int(n)
	} else if more {
		m.waiting = append(m.waiting, c)
	}
	if err == errCrash || m.maxTasks > 0 && w.left <= 0 {
		m.Workers--
	} else {
		w.since = time.Now()
		m.idle = append(m.idle, w)
	}
	m.serve()
}

func (m *model) cancel(c *call) {
	i := slices.Index(m.waiting, c)
	m.waiting = slices.Delete(m.waiting, i, i+1)
	n := int64(len(c.fakeBatch) - m.next[c])
	m.Waiting -= n
	m.Cancelled += n
	m.serve()
}

func (m *model) close() {
	m.Closed, m.killed = true, true
	for c := range m.running {
		n := int64(len(c.fakeBatch) - m.next[c])
		m.Cancelled += n
		m.Waiting -= n - 1
		m.Running--
	}
	clear(m.running)
	m.idle, m.Workers = nil, 0
	m.serve()
}
