//go:build explore

package actor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/retry"
)

// oddFails fails on the message 1.
func oddFails(_ *Context[int], m int) error {
	if m == 1 {
		return errTest
	}
	return nil
}

// TestExploreEnds explores what ends actors, beside what else happens to them.
func TestExploreEnds(t *testing.T) {
	// Whoever has seen a parent stop sees that its children have.
	for _, strategy := range []Strategy{OneForOne, OneForAll} {
		t.Run(fmt.Sprint("children are done first, strategy ", strategy), func(t *testing.T) {
			explore.Check(t, explore.Config{Preemptions: 3, Random: 3000}, func(x *explore.Exec) {
				system := NewSystem()
				parent := (&seen{}).spawn(x, system, Supervise(strategy))
				first, second := (&seen{}).spawn(x, parent), (&seen{}).spawn(x, parent)
				x.Go("stop", func() {
					if err := parent.Stop(x.Context()); err != nil || !isDone(first) || !isDone(second) {
						x.Failf("%v, first done: %v, second done: %v", err, isDone(first), isDone(second))
					}
				})
				x.Go("kill", func() { _ = second.Kill(x.Context()) })
			})
		})
	}
	// The pause before a restart is over when the actor is told to stop.
	t.Run("pause and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			undelivered := 0
			system := NewSystem(OnUndelivered(func(Undelivered) { undelivered++ }))
			s := &seen{on: oddFails}
			ref := s.spawn(x, system, Backoff(retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}))
			_ = ref.TryTell(1)
			_ = ref.TryTell(2)
			x.Event("a second", func() { time.Sleep(time.Second) })
			x.Go("stop", func() { _ = ref.Stop(x.Context()) })
			x.Finally(func() error {
				if len(s.messages)+undelivered != 2 || s.stopped != 1 {
					return fmt.Errorf("handled %v, %d undelivered, stopped %d times", s.messages, undelivered, s.stopped)
				}
				return settled(ref)
			})
		})
	})
	// A child that fails for good while its parent is told to stop stops with it, or first
	// has it restarted.
	t.Run("escalation and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			system := NewSystem()
			parent, child := &seen{}, &seen{on: oddFails}
			p := parent.spawn(x, system, Intensity(0, time.Second))
			c := child.spawn(x, p)
			_ = p.TryTell(0)
			x.Go("tell", func() { _ = c.TryTell(1) })
			x.Go("stop", func() {
				if err := p.Stop(x.Context()); err != nil || child.stopped != 1 {
					x.Failf("%v, the child has stopped %d times", err, child.stopped)
				}
			})
			x.Finally(func() error {
				// If it fails before its message, which it is not restarted for, that is undelivered.
				stats := p.Stats()
				if parent.stopped != 1 || stats.Accepted != 1 || stats.Waiting != 0 || system.Stats().Actors != 0 {
					return fmt.Errorf("stopped %d times, %v, %v", parent.stopped, p, system)
				}
				return nil
			})
		})
	})
	// What is spawned under an actor that is restarted ends before, or is not spawned.
	t.Run("restart and spawn", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			system := NewSystem()
			p := (&seen{on: oddFails}).spawn(x, system)
			x.Go("fail", func() { _ = p.TryTell(1) })
			var spawned []*Ref[int]
			x.Go("spawn", func() {
				for range 2 {
					s := &seen{x: x}
					ref, err := Spawn(p, "child", func() Behavior[int] { return s })
					switch {
					case err == nil:
						spawned = append(spawned, ref)
					case !errors.Is(err, ErrRestarted) && !errors.Is(err, ErrNameTaken):
						x.Failf("%v", err)
					}
				}
			})
			x.Finally(func() error {
				alive := 0
				for _, ref := range spawned {
					if !isDone(ref) {
						alive++
					}
				}
				if alive > 1 || alive != len(p.actor.children()) || system.Stats().Actors != alive+1 {
					return fmt.Errorf("%d of %d spawned live, %v", alive, len(spawned), system)
				}
				return settled(p)
			})
		})
	})
	// A permanent actor that ends itself and is told to stop handles what it has.
	t.Run("retire and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			s := &seen{on: func(c *Context[int], m int) error {
				if m == 1 {
					c.Stop()
				}
				return nil
			}}
			ref := s.spawn(x, NewSystem(), Restart(Permanent))
			for i := range 3 {
				_ = ref.TryTell(i)
			}
			x.Go("stop", func() { _ = ref.Stop(x.Context()) })
			x.Finally(func() error {
				if len(s.messages) != 3 || s.stopped != 1 {
					return fmt.Errorf("handled %v, stopped %d times", s.messages, s.stopped)
				}
				return nil
			})
		})
	})
	// A child that asks its parent, which keeps the question, does not keep that from stopping.
	t.Run("ask from below and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			system := NewSystem()
			parent, _ := Spawn(system, "", func() Behavior[Reply[int]] {
				return Func[Reply[int]](func(*Context[Reply[int]], Reply[int]) error { return nil })
			})
			asked := errors.New("not asked")
			child := (&seen{on: func(c *Context[int], _ int) error {
				_, asked = Ask(c, parent, func(r Reply[int]) Reply[int] { return r })
				return nil
			}}).spawn(x, parent)
			_ = child.TryTell(0)
			x.Go("stop", func() {
				if err := parent.Stop(x.Context()); err != nil || !errors.Is(asked, ErrStopped) {
					x.Failf("%v, and the child got %v", err, asked)
				}
			})
		})
	})
	// Nothing is spawned once a Shutdown whose context has ended has killed all.
	t.Run("spawn below and shutdown", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3, Random: 3000}, func(x *explore.Exec) {
			system := NewSystem()
			var below *Ref[int]
			var err error
			parent := (&seen{on: func(c *Context[int], _ int) error {
				below, err = Spawn(c, "", func() Behavior[int] { return &seen{x: x} })
				return nil
			}}).spawn(x, system)
			_ = parent.TryTell(0)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("shutdown", func() {
				if system.Shutdown(ctx) != nil && system.Shutdown(x.Context()) != nil {
					x.Failf("not shut down")
				}
				if below != nil && !isDone(below) || system.Stats().Actors != 0 {
					x.Failf("%v", system)
				}
			})
			x.Finally(func() error {
				if err != nil && !errors.Is(err, ErrStopped) {
					return err
				}
				return nil
			})
		})
	})
	// Once unwatch has returned nothing of the watch is handled.
	t.Run("unwatch and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			system := NewSystem()
			target := (&seen{}).spawn(x, system)
			var unwatch func()
			unwatched := false
			watcher := &seen{}
			watcher.on = func(c *Context[int], m int) error {
				switch m {
				case 1:
					unwatch = c.Watch(target, func(Terminated) int { return 3 })
				case 2:
					unwatch()
					unwatched = true
				case 3:
					if unwatched {
						x.Failf("told in spite of unwatch")
					}
				}
				return nil
			}
			w := watcher.spawn(x, system)
			_ = w.TryTell(1)
			x.Go("unwatch", func() { _ = w.TryTell(2) })
			x.Go("stop", func() { _ = target.Stop(x.Context()) })
			x.Finally(func() error {
				if w.actor.more.watches.Len() != 0 || target.actor.more.watchers.Len() != 0 {
					return errors.New("a watch is left")
				}
				return settled(w)
			})
		})
	})
	// A timer belongs to one incarnation, and is counted as if it had not been.
	t.Run("timers, restart and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3, Random: 3000}, func(x *explore.Exec) {
			var set *Timer
			s := &seen{on: func(c *Context[int], m int) error {
				switch m {
				case 0:
					set = c.Every(time.Second, 7)
				case 1:
					return errTest
				case 7:
					if set.incarnation != c.actor.numberLocked() {
						x.Failf("of the incarnation before")
					}
				}
				return nil
			}}
			ref := s.spawn(x, NewSystem())
			_ = ref.TryTell(0)
			x.Event("a second", func() { time.Sleep(time.Second) })
			x.Go("fail", func() { _ = ref.TryTell(1) })
			x.Go("stop", func() { _ = ref.Stop(x.Context()) })
			x.Finally(func() error {
				if stats := ref.Stats(); stats.Waiting != 0 || stats.Undelivered != 0 || s.stopped != 1 || ref.actor.more.timers.Len() != 0 {
					return fmt.Errorf("%+v, stopped %d times", stats, s.stopped)
				}
				return nil
			})
		})
	})
}
