package actor

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A forest is a tree of actors of random strategies that do random things.
type forest struct {
	t        *testing.T
	accepted atomic.Int64 // from outside

	mu      sync.Mutex // guards the fields below
	rand    *rand.Rand
	refs    []*Ref[string]
	stopped map[Actor]int
}

func (f *forest) draw(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rand.IntN(n)
}

func (f *forest) any() *Ref[string] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refs[f.rand.IntN(len(f.refs))]
}

func (f *forest) spawn(parent Parent, depth int) {
	opts := []Option{Restart(Lifetime(f.draw(3))), Supervise(Strategy(f.draw(3)))}
	if f.draw(2) == 0 {
		opts = append(opts, Intensity(f.draw(4), time.Second))
	}
	if f.draw(3) == 0 {
		opts = append(opts, Mailbox(1+f.draw(3), Policy(f.draw(3))))
	}
	if f.draw(3) == 0 {
		opts = append(opts, Redeliver(f.draw(3)))
	}
	ref, err := Spawn(parent, "", func() Behavior[string] { return &tree{forest: f, depth: depth} }, opts...)
	if err != nil {
		return
	}
	f.mu.Lock()
	f.refs = append(f.refs, ref)
	f.mu.Unlock()
}

// A tree is an incarnation of an actor of a forest.
type tree struct {
	forest                             *forest
	depth                              int
	inside, started, stopping, stopped bool
}

// enter checks that a method may be called now.
func (n *tree) enter(what string, allowed bool) func() {
	if n.inside || n.stopped || !allowed {
		n.forest.t.Errorf("%s called when it must not be: %+v", what, n)
	}
	n.inside = true
	return func() { n.inside = false }
}

func (n *tree) Started(c *Context[string]) error {
	defer n.enter("Started", !n.started && !n.stopping)()
	if n.forest.draw(10) == 0 {
		return errOdd
	}
	for range n.forest.draw(4) {
		if n.depth < 3 {
			n.forest.spawn(c, n.depth+1)
		}
	}
	n.started = true
	return nil
}

func (n *tree) Stopping(*Context[string], error) {
	defer n.enter("Stopping", n.started && !n.stopping)()
	n.stopping = true
}

func (n *tree) Stopped(c *Context[string], _ error) {
	n.enter("Stopped", len(c.Children()) == 0)()
	n.stopped = true
	n.forest.mu.Lock()
	n.forest.stopped[c.Self()]++
	n.forest.mu.Unlock()
}

var errOdd = errors.New("odd")

func (n *tree) Receive(c *Context[string], _ string) error {
	defer n.enter("Receive", n.started && !n.stopping)()
	f := n.forest
	switch f.draw(12) {
	case 0:
		return errOdd
	case 1:
		panic("odd")
	case 2:
		f.spawn(c, n.depth+1)
	case 3:
		c.Stop()
	case 4:
		time.Sleep(time.Millisecond)
	case 5:
		c.After(time.Duration(f.draw(3))*time.Millisecond, "timer")
	case 6:
		c.Watch(f.any(), func(Terminated) string { return "terminated" })
	case 7:
		Pipe(c, func(ctx context.Context) (int, error) {
			select {
			case <-ctx.Done():
			case <-time.After(time.Millisecond):
			}
			return 1, nil
		}, func(int, error) string { return "piped" })
	case 8:
		ctx, cancel := context.WithTimeout(c, time.Millisecond)
		defer cancel()
		if f.any().Tell(ctx, "told") == nil {
			f.accepted.Add(1)
		}
	}
	return nil
}

// outside does things to the actors as somebody who is none.
func (f *forest) outside(ctx context.Context) {
	for range 30 {
		ref := f.any()
		switch f.draw(15) {
		case 0:
			go func() { _ = ref.Stop(ctx) }()
		case 1:
			go func() { _ = ref.Kill(ctx) }()
		case 2:
			time.Sleep(time.Duration(f.draw(1000)) * time.Microsecond)
		case 3:
			f.spawn(ref, 3)
		default:
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			if ref.Tell(ctx, "told") == nil {
				f.accepted.Add(1)
			}
			cancel()
		}
	}
}

// TestRandomForests has random things done to and by random trees of actors. Whatever
// happens, everything stops in the end, each actor once, and no message is lost.
func TestRandomForests(t *testing.T) {
	for seed := range uint64(1000 / slowdown) {
		synctest.Test(t, func(t *testing.T) {
			f := &forest{t: t, rand: rand.New(rand.NewPCG(seed, 1)), stopped: make(map[Actor]int)}
			system := NewSystem(Supervise(Strategy(f.draw(3))))
			for range 4 {
				f.spawn(system, 0)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() { f.outside(ctx) })
			}
			wg.Wait()
			require.NoError(t, system.Shutdown(ctx), "%v", system)
			require.Zero(t, system.Stats().Actors)
			accepted := uint64(0)
			for _, ref := range f.refs {
				require.Equal(t, 1, f.stopped[ref])
				stats := ref.Stats()
				require.Zero(t, stats.Waiting, "%+v", stats)
				accepted += stats.Accepted
			}
			require.GreaterOrEqual(t, accepted, uint64(f.accepted.Load()))
		})
		require.False(t, t.Failed(), "seed %d", seed)
	}
}
