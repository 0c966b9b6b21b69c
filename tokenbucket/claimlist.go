package tokenbucket

// claims is a list in the order of arrival.
//
// Invariants: no claim before front waits, and none at all if front is nil;
// waiting is how many of those listed do.
type claims struct {
	first, last, front *claim
	waiting            int
}

func (l *claims) push(c *claim) {
	c.listed, c.slack, c.prev = true, endless, l.last
	if l.last == nil {
		l.first = c
	} else {
		l.last.next = c
	}
	l.last = c
	if l.front == nil {
		l.front = c
	}
	if c.waits {
		l.waiting++
	}
}

// forget removes c, which was taken for good.
func (l *claims) forget(c *claim) {
	if c.prev != nil {
		c.prev.slack = c.prev.slack.min(c.margin)
	}
	l.remove(c)
}

// remove removes c, as if it had never been.
func (l *claims) remove(c *claim) {
	l.stopWaiting(c)
	if l.front == c {
		l.front = c.next
	}
	if c.prev == nil {
		l.first = c.next
	} else {
		c.prev.next = c.next
		c.prev.slack = c.prev.slack.min(c.slack)
	}
	if c.next == nil {
		l.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next, c.listed = nil, nil, false
}

func (l *claims) stopWaiting(c *claim) {
	if c.waits {
		c.waits = false
		l.waiting--
	}
}

// cancel removes c, whose cost is given, and returns how many units fewer are
// missing now than if it had not been: what is left as if c had never been.
//
// That is not always its cost. If the bucket would have been full without c for
// some time before somebody else took from it, what grew in that time made up for
// c; without c it would have been lost. So the difference that c makes shrinks to
// what was missing when somebody took something.
func (l *claims) cancel(c *claim, cost wide) wide {
	for at := c; ; at = at.next {
		less := cost.min(at.slack)
		at.slack = at.slack.minus(cost)
		next := at.next
		if next == nil {
			l.remove(c)
			return less
		}
		cost = less.min(next.margin)
		next.lift = next.lift.plus(less.minus(next.margin))
		next.margin = next.margin.minus(less)
		next.end = next.end.minus(cost)
	}
}

// move maps all units from one scale or base to another.
func (l *claims) move(units func(wide) wide) {
	for c := l.first; c != nil; c = c.next {
		c.end = units(c.end)
	}
}
