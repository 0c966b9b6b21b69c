package actor

import "slices"

// kind is what an actor does with a message, once it is let go on.
type kind uint8

const (
	replying kind = iota
	failing
	panicking
	exiting
	stashing // the first time
	unstashing
	becoming
	telling // itself, over a timer
	silently
	replyingAndFailing
	kinds
)

// item is a message of the model.
type item struct {
	id          int
	kind        kind
	call        *pending // whose ask it is, nil if none
	own         bool
	incarnation int
	stashed     bool
	tries       int
}

// pending is what the model expects of a call.
type pending struct {
	item    *item
	cancel  func()
	actual  *outcome
	ask     bool
	taken   bool // it is being handled, or was
	replied bool
	over    bool
	value   int
	err     error
}

func (p *pending) end(value int, err error) {
	if p != nil && !p.over {
		p.over, p.value, p.err = true, value, err
	}
}

// undelivered is what the model expects to be reported.
type undelivered struct {
	id     int
	reason error
}

// model is an actor without concurrency.
type model struct {
	capacity  int // 0 if there is none
	policy    Policy
	redeliver int
	temporary bool

	first, in, stash []*item
	blocked          []*pending
	asks             []*pending // accepted ones that are not over
	ends             []*pending // calls of Stop and Kill
	current          *item      // that is being handled
	incarnation      int
	behavior         int // what it has become, 0 if nothing
	closed           bool
	killed           bool
	gone             bool
	stats            Stats
	log              [][2]int // messages that were begun, and by which behavior
	missed           []undelivered
}

func (m *model) count() (n int) {
	for _, e := range m.in {
		if !e.own {
			n++
		}
	}
	return n
}

func (m *model) miss(e *item, reason error) {
	if e.own {
		m.stats.Accepted--
		return
	}
	if withdrawn(e) {
		reason = e.call.err
	}
	m.stats.Undelivered++
	m.missed = append(m.missed, undelivered{e.id, reason})
	e.call.end(0, reason)
}

func withdrawn(e *item) bool { return e.call != nil && e.call.over && !e.call.replied }

func (m *model) accept(e *item) {
	m.stats.Accepted++
	m.in = append(m.in, e)
	if e.call != nil && !e.call.over {
		m.asks = append(m.asks, e.call)
	}
}

// send sends e, whose call waits if it is to. It returns an error if it was refused, and
// whether it was accepted; or else it waits.
func (m *model) send(e *item, wait *pending) (accepted bool, err error) {
	switch {
	case m.closed:
		return false, ErrStopped
	case m.capacity == 0 || m.count() < m.capacity:
	case m.policy == DropOldest:
		for m.in[0].own {
			m.first, m.in = append(m.first, m.in[0]), m.in[1:]
		}
		oldest := m.in[0]
		m.in = m.in[1:]
		m.accept(e)
		m.miss(oldest, ErrDropped)
		return true, nil
	case m.policy == Reject || wait == nil:
		return false, ErrFull
	default:
		m.blocked = append(m.blocked, wait)
		return false, nil
	}
	m.accept(e)
	return true, nil
}

func (m *model) cancel(p *pending, err error) {
	m.blocked = slices.DeleteFunc(m.blocked, func(o *pending) bool { return o == p })
	p.end(0, err)
}

func (m *model) reply(p *pending, value int, err error) {
	if p != nil && !p.over {
		p.replied = true
		p.end(value, err)
	}
}

func (m *model) close() {
	m.closed = true
	for _, p := range m.blocked {
		p.end(0, ErrStopped)
	}
	m.blocked = nil
}

// run goes on until the actor is busy or has nothing to do.
func (m *model) run() {
	for m.current == nil && !m.gone {
		if m.killed {
			m.end()
			return
		}
		var e *item
		switch {
		case len(m.first) > 0:
			e, m.first = m.first[0], m.first[1:]
		case len(m.in) > 0:
			e, m.in = m.in[0], m.in[1:]
			for len(m.blocked) > 0 && m.count() < m.capacity {
				p := m.blocked[0]
				m.blocked = m.blocked[1:]
				m.accept(p.item)
				if !p.ask {
					p.end(0, nil)
				}
			}
		case m.closed:
			m.end()
			return
		default:
			return
		}
		switch {
		case e.own && e.incarnation != m.incarnation:
			m.stats.Accepted--
		case withdrawn(e):
			m.miss(e, nil)
		default:
			if e.call != nil {
				e.call.taken = true
			}
			m.current = e
			m.log = append(m.log, [2]int{e.id, m.behavior})
		}
	}
}

// step ends the handling of the current message.
func (m *model) step(nextID int) {
	e := m.current
	m.current = nil
	m.stats.Handled++
	failure := map[kind]error{failing: errTest, panicking: errPanicked, exiting: ErrGoexit, replyingAndFailing: errTest}[e.kind]
	replies := failure == nil && e.kind != silently || e.kind == replyingAndFailing
	switch {
	case e.kind == stashing && !e.stashed:
		e.stashed = true
		if e.call != nil {
			e.call.taken = false
		}
		m.stash = append(m.stash, e)
		m.stats.Accepted++
		replies = false
	case e.kind == unstashing:
		m.first = slices.Concat(m.stash, m.first)
		m.stash = nil
	case e.kind == becoming:
		m.behavior = e.id
	case e.kind == telling && !m.closed:
		m.accept(&item{id: nextID, own: true, incarnation: m.incarnation})
	}
	if replies {
		m.reply(e.call, e.id, nil)
	}
	if failure != nil {
		m.fail(e, failure)
	}
	m.run()
}

// fail fails the actor on e.
func (m *model) fail(e *item, err error) {
	if e.tries < m.redeliver {
		e.tries++
		if e.call != nil {
			e.call.taken = false
		}
		m.stats.Accepted++
		m.first = slices.Concat([]*item{e}, m.first)
	} else {
		e.call.end(0, err)
	}
	if m.killed || m.temporary {
		m.end()
		return
	}
	for _, p := range m.asks {
		if p.taken {
			p.end(0, ErrRestarted)
		}
	}
	m.incarnation++
	m.behavior = 0
	m.first = slices.Concat(m.stash, m.first)
	m.stash = nil
}

// end ends the actor.
func (m *model) end() {
	m.close()
	for _, e := range slices.Concat(m.first, m.stash, m.in) {
		m.miss(e, ErrStopped)
	}
	m.first, m.stash, m.in = nil, nil, nil
	for _, p := range m.asks {
		p.end(0, ErrStopped)
	}
	for _, p := range m.ends {
		p.end(0, nil)
	}
	m.gone = true
}
