package actor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/interleave-go/interleave/retry"
)

// isDone reports whether Done of an actor is closed.
func isDone(a Actor) bool {
	select {
	case <-a.Done():
		return true
	default:
		return false
	}
}

// A grove is trees of actors with names that do all that actors can do to each other. It
// knows what has become of each message.
type grove struct {
	t      *testing.T
	system *System

	mu      sync.Mutex // guards the fields below
	rand    *rand.Rand
	all     []*Ref[twig]
	stopped map[Actor]int
	ids     int
	fates   map[int]*fate
}

type fate struct {
	accepted, refused    bool
	handled, undelivered int
	redeliver            bool
}

// A twig is a message of a grove.
type twig struct {
	id    int // 0 if it is from the actor itself
	reply Reply[int]
}

func (g *grove) draw(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rand.IntN(n)
}

func (g *grove) any() *Ref[twig] {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.all[g.rand.IntN(len(g.all))]
}

func (g *grove) message(to *Ref[twig]) twig {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids++
	g.fates[g.ids] = &fate{redeliver: to.actor.config.redeliver > 0}
	return twig{id: g.ids}
}

func (g *grove) enter(id int, fn func(f *fate)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.fates[id]; f != nil {
		fn(f)
	}
}

func (g *grove) spawn(parent Parent) {
	opts := []Option{Restart(Lifetime(g.draw(3))), Supervise(Strategy(g.draw(3))), Redeliver(g.draw(3) / 2)}
	switch g.draw(4) {
	case 0:
		opts = append(opts, Intensity(g.draw(4), time.Second))
	case 1:
		opts = append(opts, Mailbox(1+g.draw(3), Policy(g.draw(3))))
	case 2:
		opts = append(opts, Backoff(retry.Policy{MaxAttempts: 1 + g.draw(4), BaseDelay: time.Duration(g.draw(3)-1) * time.Millisecond}))
	}
	name := fmt.Sprintf("%.*s", g.draw(2), string(rune('a'+g.draw(2)))) // or none
	ref, err := Spawn(parent, name, func() Behavior[twig] { return &branch{grove: g} }, opts...)
	if err != nil {
		return
	}
	g.mu.Lock()
	g.all = append(g.all, ref)
	g.mu.Unlock()
}

func (g *grove) tell(ctx context.Context, ref *Ref[twig]) {
	m := g.message(ref)
	err := ref.Tell(ctx, m)
	g.enter(m.id, func(f *fate) { f.accepted, f.refused = err == nil, err != nil })
}

func (g *grove) ask(ctx context.Context, ref *Ref[twig]) {
	m := g.message(ref)
	v, err := Ask(ctx, ref, func(r Reply[int]) twig { m.reply = r; return m })
	if err == nil && v != m.id {
		g.t.Errorf("%d answers %d", v, m.id)
	}
}

// end stops or kills an actor. If that succeeds, all who are below it have stopped as well.
func (g *grove) end(ctx context.Context, ref *Ref[twig], end func(*Ref[twig], context.Context) error) {
	if end(ref, ctx) != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, other := range g.all {
		for up := &other.actor.cell; up != nil; up = up.parent {
			if up == &ref.actor.cell && !isDone(other) {
				g.t.Errorf("%s outlives %s", other.Path(), ref.Path())
			}
		}
	}
}

// act does something as somebody whose context is ctx.
func (g *grove) act(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(1+g.draw(3))*time.Millisecond)
	defer cancel()
	ref := g.any()
	switch g.draw(40) {
	case 0:
		g.end(ctx, ref, (*Ref[twig]).Stop)
	case 1:
		g.end(ctx, ref, (*Ref[twig]).Kill)
	case 2, 3, 4:
		g.spawn(ref)
	case 5:
		g.spawn(g.system)
	case 6, 7, 8, 9, 10, 11, 12, 13:
		g.ask(ctx, ref)
	case 14:
		if found, err := Lookup[twig](g.system, ref.Path()); err == nil && found.Path() != ref.Path() {
			g.t.Errorf("%s found as %s", found.Path(), ref.Path())
		}
	case 15, 16:
		time.Sleep(time.Duration(g.draw(1000)) * time.Microsecond)
	default:
		g.tell(ctx, ref)
	}
}
