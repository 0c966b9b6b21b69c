//go:build explore

package actor

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// exploreLife explores the end of actors and what may happen beside it.
func exploreLife(t *testing.T) {
	t.Run("parent and child", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			parent, child := &seen{}, &seen{}
			system := NewSystem()
			p := parent.spawn(x, system)
			c := child.spawn(x, p)
			x.Go("stop parent", func() {
				if err := p.Stop(x.Context()); err != nil || child.stopped != 1 {
					x.Failf("%v, and the child has stopped %d times", err, child.stopped)
				}
			})
			x.Go("kill child", func() { _ = c.Kill(x.Context()) })
			x.Finally(func() error {
				if parent.stopped != 1 || child.stopped != 1 || system.Stats().Actors != 0 {
					return fmt.Errorf("stopped %d and %d times, %v", parent.stopped, child.stopped, system)
				}
				return nil
			})
		})
	})
	t.Run("spawn and shutdown", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			system := NewSystem()
			s := &seen{x: x}
			spawned := false
			x.Go("spawn", func() {
				ref, err := Spawn(system, "name", func() Behavior[int] { return s })
				spawned = err == nil
				if err != nil && !errors.Is(err, ErrStopped) {
					x.Failf("%v", err)
				}
				if spawned {
					_ = ref.TryTell(1)
				}
			})
			x.Go("shutdown", func() {
				if err := system.Shutdown(x.Context()); err != nil || system.Stats().Actors != 0 {
					x.Failf("%v, %v", err, system)
				}
			})
			x.Finally(func() error {
				if spawned != (s.stopped == 1) {
					return fmt.Errorf("spawned: %v, stopped %d times", spawned, s.stopped)
				}
				return nil
			})
		})
	})
	t.Run("failure and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			s := &seen{on: func(_ *Context[int], m int) error {
				if m == 1 {
					return errTest
				}
				return nil
			}}
			system := NewSystem()
			ref := s.spawn(x, system)
			for i := range 3 {
				_ = ref.TryTell(i)
			}
			x.Go("stop", func() { _ = ref.Stop(x.Context()) })
			x.Go("shutdown", func() { _ = system.Shutdown(x.Context()) })
			x.Finally(func() error {
				if len(s.messages) != 3 || s.stopped != 1 || ref.Err() != nil {
					return fmt.Errorf("handled %v, stopped %d times, %v", s.messages, s.stopped, ref.Err())
				}
				return nil
			})
		})
	})
	t.Run("watch and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			system := NewSystem()
			target := (&seen{}).spawn(x, system)
			watcher := &seen{on: func(c *Context[int], m int) error {
				if m == 1 {
					c.Watch(target, func(Terminated) int { return 2 })
				}
				return nil
			}}
			w := watcher.spawn(x, system)
			x.Go("watch", func() { _ = w.TryTell(1) })
			x.Go("stop", func() { _ = target.Stop(x.Context()) })
			x.Finally(func() error {
				if fmt.Sprint(watcher.messages) != "[1 2]" || w.actor.more.watches.Len() != 0 {
					return fmt.Errorf("watcher has handled %v", watcher.messages)
				}
				return settled(w)
			})
		})
	})
	t.Run("pipe, timer and kill", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			running := false
			s := &seen{onStart: func(c *Context[int]) error {
				Pipe(c, func(context.Context) (int, error) {
					running = true
					explore.Point("test: in the pipe")
					running = false
					return 3, nil
				}, func(n int, _ error) int { return n })
				c.After(0, 2)
				return nil
			}}
			ref := s.spawn(x, NewSystem())
			x.Go("kill", func() {
				if err := ref.Kill(x.Context()); err != nil || running {
					x.Failf("%v, pipe running: %v", err, running)
				}
			})
			x.Finally(func() error {
				if stats := ref.Stats(); s.stopped != 1 || stats.Waiting != 0 || stats.Undelivered != 0 {
					return fmt.Errorf("stopped %d times, %+v", s.stopped, stats)
				}
				return nil
			})
		})
	})
}

// exploreGroups explores restarts of several actors, and those who are told by several.
func exploreGroups(t *testing.T) {
	for _, strategy := range []Strategy{OneForAll, RestForOne} {
		t.Run(fmt.Sprint("strategy ", strategy), func(t *testing.T) {
			explore.Check(t, explore.Config{Preemptions: 3, Random: 3000}, func(x *explore.Exec) {
				fails := func(_ *Context[int], m int) error {
					if m == 1 {
						return errTest
					}
					return nil
				}
				first, second := &seen{on: fails}, &seen{on: fails}
				system := NewSystem(Supervise(strategy))
				a, b := first.spawn(x, system), second.spawn(x, system)
				_ = a.TryTell(1)
				_ = a.TryTell(2)
				x.Go("tell", func() {
					_ = b.TryTell(1)
					_ = b.TryTell(2)
				})
				x.Go("kill", func() { _ = b.Kill(x.Context()) })
				x.Finally(func() error {
					if len(first.messages) != 2 || second.stopped != 1 || len(system.root.more.waiting) != 0 || system.root.more.helpers != 0 {
						return fmt.Errorf("handled %v and %v", first.messages, second.messages)
					}
					return settled(a)
				})
			})
		})
	}
	t.Run("restart together and shutdown", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3, Random: 3000}, func(x *explore.Exec) {
			first, second := &seen{on: func(*Context[int], int) error { return errTest }}, &seen{}
			system := NewSystem(Supervise(OneForAll))
			a := first.spawn(x, system)
			second.spawn(x, system)
			x.Go("tell", func() { _ = a.TryTell(1) })
			x.Go("shutdown", func() {
				if err := system.Shutdown(x.Context()); err != nil {
					x.Failf("%v", err)
				}
			})
			x.Finally(func() error {
				if first.stopped != 1 || second.stopped != 1 {
					return fmt.Errorf("stopped %d and %d times", first.stopped, second.stopped)
				}
				return nil
			})
		})
	})
	t.Run("router", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			var told, handled int
			system := NewSystem()
			x.Go("router", func() {
				r, err := NewRouter(x.Context(), system, "", 2, RoundRobin[int](), func() Behavior[int] {
					return Func[int](func(*Context[int], int) error { handled++; return nil })
				})
				if err != nil {
					x.Failf("%v", err)
				}
				x.Go("tell", func() {
					for i := range 2 {
						if err := r.Tell(x.Context(), i); err != nil {
							x.Failf("%v", err)
						}
						told++
					}
				})
				if err := r.Resize(x.Context(), 1); err != nil || len(r.Routees()) != 1 {
					x.Failf("%v, %d left", err, len(r.Routees()))
				}
			})
			x.Finally(func() error {
				if told != 2 || handled != told {
					return fmt.Errorf("told %d, handled %d", told, handled)
				}
				return nil
			})
		})
	})
	t.Run("topic", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3, Random: 3000}, func(x *explore.Exec) {
			var topic Topic[int]
			system := NewSystem()
			first, second := &seen{}, &seen{}
			a, b := first.spawn(x, system), second.spawn(x, system)
			Subscribe(&topic, a, func(v int) int { return v })
			x.Go("publish", func() {
				for i := range 2 {
					if err := topic.Publish(x.Context(), i); err != nil {
						x.Failf("%v", err)
					}
				}
			})
			x.Go("subscribe", func() { Subscribe(&topic, b, func(v int) int { return v })() })
			x.Go("stop", func() { _ = a.Stop(x.Context()) })
			x.Finally(func() error {
				if topic.Len() != 0 {
					return fmt.Errorf("%d subscribers", topic.Len())
				}
				for i, m := range second.messages {
					if i > 0 && m <= second.messages[i-1] {
						return fmt.Errorf("out of order: %v", second.messages)
					}
				}
				return nil
			})
		})
	})
}
