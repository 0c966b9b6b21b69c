package taskgroup_test

import "time"

// A plan says what a task is to do. All that happens in a run of plans happens at times
// of its own, but for what the end of a context leads to.
type plan struct {
	id       int
	time     time.Duration // that a leaf takes
	outcome  byte          // of a leaf
	obeys    bool          // whether it returns when its context ends
	cancelAt time.Duration // when Cancel is called, 0 for never

	children           []*plan // of a nested group
	nested             bool
	keepGoing, asError bool
	limit              int // only if all children are leaves
}

const (
	succeeds = iota
	failsAt
	panicsAt
	exits
)

const unit = time.Duration(1) << 52

// A decoder makes plans of bytes.
type decoder struct {
	data []byte
	n    int // plans made
}

func (d *decoder) next() byte {
	if len(d.data) == 0 {
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

// group returns a plan of up to five children, which nest up to depth times.
func (d *decoder) group(depth int) *plan {
	b := d.next()
	p := &plan{id: d.n, nested: true, keepGoing: b&1 != 0, asError: b&2 != 0}
	d.n++
	if b&4 != 0 {
		p.limit, depth = 1+int(b>>3&1), 0
	}
	for range 1 + int(b>>4)%5 {
		if d.n >= 24 {
			break
		}
		p.children = append(p.children, d.plan(depth))
	}
	return p
}

func (d *decoder) plan(depth int) *plan {
	b := d.next()
	if depth > 0 && b&3 == 0 {
		p := d.group(depth - 1)
		d.cancel(p)
		return p
	}
	p := &plan{id: d.n, time: time.Duration(1+b>>4)*unit + 1<<d.n, obeys: b&4 == 0}
	d.n++
	p.outcome = [8]byte{0, 0, 0, failsAt, failsAt, panicsAt, exits, 0}[(b>>3+b)&7]
	d.cancel(p)
	return p
}

func (d *decoder) cancel(p *plan) {
	if b := d.next(); b&3 == 0 {
		p.cancelAt = time.Duration(1+b>>4)*unit + 1<<(24+p.id)
	}
}
