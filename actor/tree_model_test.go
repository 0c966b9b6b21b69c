package actor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

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

// A branch is an incarnation of an actor of a grove.
type branch struct {
	grove *grove
	phase string
	kept  []twig
}

func (b *branch) enter(what string, after ...string) {
	for _, allowed := range after {
		if b.phase == allowed {
			b.phase = what
			return
		}
	}
	b.grove.t.Errorf("%s after %s", what, b.phase)
}

func (b *branch) Started(c *Context[twig]) error {
	b.enter("Started", "")
	g := b.grove
	if g.draw(12) == 0 {
		b.phase = "failed"
		return errOdd
	}
	for range g.draw(3) / 2 {
		g.spawn(c)
	}
	return nil
}

func (b *branch) Stopping(*Context[twig], error) { b.enter("Stopping", "Started", "Receive") }

func (b *branch) Stopped(c *Context[twig], _ error) {
	b.enter("Stopped", "Stopping", "", "failed") // it may have been killed before Started
	if len(c.Children()) > 0 || c.Err() == nil {
		b.grove.t.Errorf("stopped with %d children, %v", len(c.Children()), c.Err())
	}
	b.grove.mu.Lock()
	b.grove.stopped[c.Self()]++
	b.grove.mu.Unlock()
}

func (b *branch) Receive(c *Context[twig], m twig) error {
	b.enter("Receive", "Started", "Receive")
	g := b.grove
	doing := g.draw(30)
	if doing == 0 {
		c.Stash(m)
		return nil
	}
	g.enter(m.id, func(f *fate) { f.handled++ })
	switch doing {
	case 1:
		return errOdd
	case 2:
		panic("odd")
	case 3:
		runtime.Goexit()
	case 4:
		c.Stop()
	case 5:
		c.Unstash()
	case 6:
		c.After(time.Duration(g.draw(3))*time.Millisecond, twig{})
	case 7:
		c.Every(time.Millisecond, twig{})
	case 8:
		unwatch := c.Watch(g.any(), func(Terminated) twig { return twig{} })
		if g.draw(2) == 0 {
			unwatch()
		}
	case 9:
		Pipe(c, func(ctx context.Context) (int, error) { <-ctx.Done(); return 1, nil }, func(int, error) twig { return twig{} })
	case 10, 11:
		b.kept = append(b.kept, m)
		return nil
	case 12:
		for _, m := range b.kept {
			m.reply.Send(m.id)
		}
	case 13, 14, 15, 16, 17, 18:
		g.act(c)
	}
	m.reply.Send(m.id)
	return nil
}

// Whatever actors and others do to actors, everything ends, in order and once, and nothing
// is lost. That nothing is stuck is known from the time, which in a bubble goes on only
// when everybody waits.
func TestRandomGroves(t *testing.T) {
	for round := range 1000 / slowdown {
		seed := rand.Uint64()
		synctest.Test(t, func(t *testing.T) {
			g := &grove{t: t, rand: rand.New(rand.NewPCG(seed, 2)), stopped: map[Actor]int{}, fates: map[int]*fate{}}
			g.system = NewSystem(Supervise(Strategy(round%3)), OnUndelivered(func(u Undelivered) {
				g.enter(u.Message.(twig).id, func(f *fate) { f.undelivered++ })
			}))
			for range 5 {
				g.spawn(g.system)
			}
			began := time.Now()
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					for range 100 {
						g.act(context.Background())
					}
				})
			}
			wg.Wait()
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			require.NoError(t, g.system.Shutdown(ctx), "%v", g.system)
			require.Less(t, time.Since(began), time.Minute)
			require.Equal(t, SystemStats{Actors: 0, Spawned: int64(len(g.all))}, g.system.Stats())
			for _, ref := range g.all {
				require.True(t, isDone(ref))
				require.Equal(t, 1, g.stopped[ref])
				require.Zero(t, ref.Stats().Waiting, "%v", ref)
			}
			for id, f := range g.fates {
				n := f.handled + f.undelivered
				require.True(t, f.undelivered <= 1 && (n > 0 || !f.accepted) && (n <= 1 || f.redeliver) && (n == 0 || !f.refused),
					"message %d: %+v", id, f)
			}
		})
		require.False(t, t.Failed(), "seed %d, round %d", seed, round)
	}
}
