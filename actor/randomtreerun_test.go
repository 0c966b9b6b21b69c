package actor

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A branch is an incarnation of an actor of a grove.
type branch struct {
	grove  *grove
	inside bool
	phase  string
	kept   []twig
}

// enter checks that a method may be called now.
func (b *branch) enter(what string, after ...string) (leave func()) {
	if b.inside {
		b.grove.t.Errorf("%s within %s", what, b.phase)
	}
	b.inside = true
	leave = func() { b.inside = false }
	for _, allowed := range after {
		if b.phase == allowed {
			b.phase = what
			return leave
		}
	}
	b.grove.t.Errorf("%s after %s", what, b.phase)
	return leave
}

func (b *branch) Started(c *Context[twig]) error {
	defer b.enter("Started", "")()
	g := b.grove
	if g.draw(12) == 0 {
		b.phase = "failed"
		return errTest
	}
	for range g.draw(3) / 2 {
		g.spawn(c)
	}
	return nil
}

func (b *branch) Stopping(*Context[twig], error) { b.enter("Stopping", "Started", "Receive")() }

func (b *branch) Stopped(c *Context[twig], _ error) {
	defer b.enter("Stopped", "Stopping", "", "failed")() // it may have been killed before Started
	if len(c.Children()) > 0 || c.Err() == nil {
		b.grove.t.Errorf("stopped with %d children, %v", len(c.Children()), c.Err())
	}
	b.grove.mu.Lock()
	b.grove.stopped[c.Self()]++
	b.grove.mu.Unlock()
}

func (b *branch) Receive(c *Context[twig], m twig) error {
	defer b.enter("Receive", "Started", "Receive")()
	g := b.grove
	doing := g.draw(30)
	if doing == 0 {
		c.Stash(m)
		return nil
	}
	g.enter(m.id, func(f *fate) { f.handled++ })
	switch doing {
	case 1:
		return errTest
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
		soon := time.Duration(1+1000*g.draw(2)) * time.Millisecond
		Pipe(c, func(ctx context.Context) (int, error) {
			select {
			case <-ctx.Done():
			case <-time.After(soon):
			}
			return 1, nil
		}, func(int, error) twig { return twig{} })
	case 10, 11:
		b.kept = append(b.kept, m)
		return nil
	case 12:
		for _, m := range b.kept {
			m.reply.Send(m.id)
		}
	case 13, 14, 15, 16, 17, 18:
		g.act(c)
	case 19:
		time.Sleep(time.Millisecond)
	}
	m.reply.Send(m.id)
	return nil
}

// Whatever actors and others do to actors, everything ends, in order and once, and nothing
// is lost. That nothing is stuck is known from the time, which in a bubble goes on only
// when everybody waits.
func TestRandomTrees(t *testing.T) {
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
