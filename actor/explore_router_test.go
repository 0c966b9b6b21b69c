//go:build explore

package actor

import (
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// TestExploreRouterAndTopic explores what happens to groups of actors while they are used.
func TestExploreRouterAndTopic(t *testing.T) {
	t.Run("routee stops", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3, Random: 3000}, func(x *explore.Exec) {
			handled, told := 0, 0
			system := NewSystem()
			x.Go("router", func() {
				r, err := NewRouter(x.Context(), system, "", 1, RoundRobin[int](), func() Behavior[int] {
					return Func[int](func(*Context[int], int) error { handled++; return nil })
				})
				if err != nil {
					x.Failf("%v", err)
				}
				x.Go("tell", func() {
					switch err := r.Tell(x.Context(), 1); {
					case err == nil:
						told++
					case !errors.Is(err, ErrStopped):
						x.Failf("%v", err)
					}
				})
				x.Go("stop", func() { _ = r.Routees()[0].Stop(x.Context()) })
				x.Go("resize", func() {
					if err := r.Resize(x.Context(), 2); err != nil {
						x.Failf("%v", err)
					}
				})
			})
			x.Finally(func() error {
				if handled != told || system.Stats().Actors < 2 {
					return fmt.Errorf("told %d, handled %d; %v", told, handled, system)
				}
				return nil
			})
		})
	})
	t.Run("subscriber stops", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 2, Random: 3000}, func(x *explore.Exec) {
			var topic Topic[int]
			s := &seen{}
			a := s.spawn(x, NewSystem())
			x.Go("subscribe", func() {
				unsubscribe := Subscribe(&topic, a, func(v int) int { return v })
				x.Go("unsubscribe", unsubscribe)
			})
			x.Go("stop", func() { _ = a.Stop(x.Context()) })
			x.Go("publish", func() {
				if err := topic.Publish(x.Context(), 1); err != nil {
					x.Failf("%v", err)
				}
			})
			x.Finally(func() error {
				if topic.Len() != 0 || a.actor.more.watchers.Len() != 0 || len(s.messages) > 1 {
					return fmt.Errorf("%d subscribers, %d watchers, got %v", topic.Len(), a.actor.more.watchers.Len(), s.messages)
				}
				return nil
			})
		})
	})
	t.Run("subscriber stops for good", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 2}, func(x *explore.Exec) {
			var topic Topic[int]
			a := (&seen{}).spawn(x, NewSystem())
			x.Go("subscribe", func() { Subscribe(&topic, a, func(v int) int { return v }) })
			x.Go("stop", func() { _ = a.Stop(x.Context()) })
			x.Finally(func() error {
				if topic.Len() != 0 {
					return errors.New("it is not forgotten")
				}
				return nil
			})
		})
	})
}
