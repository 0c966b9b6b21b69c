package actor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// Parent is what actors are spawned under: a [*System], a [*Ref] or, for an actor's own
// children, its [*Context].
type Parent interface{ parentCell() *cell }

func (c *Context[M]) parentCell() *cell { return &c.actor.cell }

var errNoBehavior = errors.New("actor: the factory returned no behavior")

// Spawn starts an actor under parent and returns the reference to it. The factory makes its
// behavior: once here, on the calling goroutine, and for each restart. What a behavior needs
// to release is better acquired in Started.
//
// The name must be unique among the children of parent, until the actor has stopped, or
// empty; it must not contain a slash. Spawn returns [ErrNameTaken] if it is not,
// [ErrStopped] if parent is stopping or has stopped, [ErrRestarted] if it is being
// restarted, and a [*PanicError] if the factory panics. It does not block.
//
// An actor that is idle is about 250 bytes of memory, and no goroutine.
func Spawn[M any](parent Parent, name string, factory func() Behavior[M], opts ...Option) (*Ref[M], error) {
	if strings.Contains(name, "/") {
		panic(fmt.Sprintf("actor: name %q has a slash", name))
	}
	if factory == nil {
		panic("actor: Spawn without a factory")
	}
	p := parent.parentCell()
	system := p.config.system
	cfg := &system.config
	if len(opts) > 0 {
		own := *cfg
		for _, opt := range opts {
			opt(&own)
		}
		cfg = &own
	}
	if err := p.reserve(name); err != nil {
		return nil, err
	}
	a := &actor[M]{factory: factory, cell: cell{parent: p, config: cfg, name: name, phase: live}}
	a.typed, a.ref.actor, a.initial.actor, a.context = a, a, a, &a.initial
	if err := a.first(); err != nil {
		return nil, err
	}
	starter, _ := a.behavior.(Starter[M])
	if starter != nil {
		a.phase, a.scheduled = starting, true
	}
	explore.Point("actor: about to join its parent")
	if err := p.adopt(&a.cell); err != nil {
		return nil, err
	}
	if starter != nil {
		go a.turns()
	}
	return &a.ref, nil
}

// first makes the first behavior. If it fails, or the factory calls runtime.Goexit, the name
// is free again.
func (a *actor[M]) first() (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = panics.New(value)
		}
		if a.behavior == nil {
			a.parent.release(a.name)
		}
	}()
	if a.behavior = a.factory(); a.behavior == nil {
		return errNoBehavior
	}
	return nil
}

// fertileLocked returns nil if the actor can have more children.
func (c *cell) fertileLocked() error {
	switch {
	case c.orders&kill != 0, c.phase >= final, c.orders&stop != 0 && (c.phase > live || c.parent == nil):
		return ErrStopped
	case c.phase > live || c.phase == building:
		return ErrRestarted
	}
	return nil
}

// reserve keeps a name for a child.
func (c *cell) reserve(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.fertileLocked(); err != nil {
		return err
	}
	if name == "" {
		return nil
	}
	m := c.needMoreLocked()
	if _, taken := m.names[name]; taken {
		return ErrNameTaken
	}
	if m.names == nil {
		m.names = map[string]*cell{}
	}
	m.names[name] = nil
	return nil
}

// release gives up a name.
func (c *cell) release(name string) {
	if name == "" {
		return
	}
	c.mu.Lock()
	delete(c.more.names, name)
	c.mu.Unlock()
}

// adopt adds a child whose name is reserved.
func (c *cell) adopt(child *cell) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.needMoreLocked()
	if err := c.fertileLocked(); err != nil {
		delete(m.names, child.name)
		return err
	}
	if child.name != "" {
		m.names[child.name] = child
	}
	if child.prev = m.last; child.prev == nil {
		m.first = child
	} else {
		child.prev.next = child
	}
	m.last = child
	m.children++
	c.config.system.actors.Add(1)
	c.config.system.spawned.Add(1)
	return nil
}

// removeChildLocked takes a child out of the list, in which it still counts.
func (c *cell) removeChildLocked(child *cell) {
	m := c.more
	if child.prev == nil {
		m.first = child.next
	} else {
		child.prev.next = child.next
	}
	if child.next == nil {
		m.last = child.prev
	} else {
		child.next.prev = child.prev
	}
	child.prev, child.next = nil, nil
	if delete(m.names, child.name); len(m.names) == 0 {
		m.names = nil // it does not shrink by itself
	}
	c.config.system.actors.Add(-1)
}

// children returns the children as others see them.
func (c *cell) children() []Actor {
	list := c.childList()
	actors := make([]Actor, len(list))
	for i, child := range list {
		actors[i] = child.typed.actor()
	}
	return actors
}

// Lookup returns the actor below at that has the given path: names separated by slashes.
// It returns [ErrNotFound] if there is none, and another error if its messages are not of
// type M. An actor is found until it has stopped.
func Lookup[M any](at Parent, path string) (*Ref[M], error) {
	c := at.parentCell()
	for name := range strings.SplitSeq(path, "/") {
		if c = c.child(name); c == nil {
			return nil, fmt.Errorf("%w: %s", ErrNotFound, path)
		}
	}
	ref, ok := c.typed.actor().(*Ref[M])
	if !ok {
		return nil, fmt.Errorf("actor: %s is a %T, not a %T", path, c.typed.actor(), ref)
	}
	return ref, nil
}

// child returns the child of that name, nil if there is none.
func (c *cell) child(name string) *cell {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.more == nil {
		return nil
	}
	return c.more.names[name]
}
