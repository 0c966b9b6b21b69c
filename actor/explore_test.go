//go:build explore

package actor

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// A seen is what an actor of these tests has been called with. Its methods are called by one
// goroutine at a time.
type seen struct {
	x        *explore.Exec
	inside   bool
	messages []int
	stopped  int
	onStart  func(*Context[int]) error
	on       func(*Context[int], int) error
}

func (s *seen) enter(what string) func() {
	if s.inside {
		s.x.Failf("%s while another call goes on", what)
	}
	if s.stopped > 0 {
		s.x.Failf("%s after Stopped", what)
	}
	s.inside = true
	explore.Point("test: inside " + what)
	return func() { s.inside = false }
}

func (s *seen) Started(c *Context[int]) error {
	defer s.enter("Started")()
	if s.onStart != nil {
		return s.onStart(c)
	}
	return nil
}

func (s *seen) Receive(c *Context[int], m int) error {
	defer s.enter("Receive")()
	s.messages = append(s.messages, m)
	if s.on != nil {
		return s.on(c, m)
	}
	return nil
}

func (s *seen) Stopped(*Context[int], error) {
	s.enter("Stopped")()
	s.stopped++
}

// spawn spawns an actor with the behavior s, which it keeps when it is restarted.
func (s *seen) spawn(x *explore.Exec, parent Parent, opts ...Option) *Ref[int] {
	s.x = x
	ref, err := Spawn(parent, "", func() Behavior[int] { return s }, opts...)
	if err != nil {
		x.Failf("spawn: %v", err)
	}
	return ref
}

// settled checks what must hold of an actor to which nothing happens any more.
func settled(ref *Ref[int]) error {
	a := ref.actor
	stats := ref.Stats()
	if stats.Waiting != 0 && a.phase == live {
		return fmt.Errorf("a message was forgotten: %+v", stats)
	}
	if a.scheduled && a.phase != gone {
		return fmt.Errorf("scheduled for ever in phase %d", a.phase)
	}
	return nil
}

func TestExplore(t *testing.T) {
	// An actor that goes to rest while it is told something wakes up again.
	t.Run("running to idle", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			s := &seen{}
			ref := s.spawn(x, NewSystem())
			for i := range 2 {
				x.Go(fmt.Sprint("sender", i), func() {
					for j := range 2 {
						_ = ref.Tell(x.Context(), 10*i+j)
						explore.Point("test: told")
					}
				})
			}
			x.Finally(func() error {
				if len(s.messages) != 4 {
					return fmt.Errorf("handled %v", s.messages)
				}
				return settled(ref)
			})
		})
	})
	// What was accepted is handled by Stop, and handled or undelivered by Kill.
	for name, end := range map[string]func(*Ref[int], context.Context) error{"stop": (*Ref[int]).Stop, "kill": (*Ref[int]).Kill} {
		t.Run("tell and "+name, func(t *testing.T) {
			explore.Check(t, explore.Config{}, func(x *explore.Exec) {
				s, accepted, undelivered := &seen{}, 0, 0
				ref := s.spawn(x, NewSystem(OnUndelivered(func(Undelivered) { undelivered++ })))
				x.Go("sender", func() {
					for i := range 2 {
						if ref.Tell(x.Context(), i) == nil {
							accepted++
						}
					}
				})
				x.Go("end", func() {
					if err := end(ref, x.Context()); err != nil {
						x.Failf("%v", err)
					}
					if s.stopped != 1 {
						x.Failf("returned before the actor has stopped")
					}
				})
				x.Finally(func() error {
					if len(s.messages)+undelivered != accepted || name == "stop" && undelivered > 0 {
						return fmt.Errorf("%d accepted, %d handled, %d undelivered", accepted, len(s.messages), undelivered)
					}
					return settled(ref)
				})
			})
		})
	}
	// A reply, the end of the asker's context and that of the actor come at the same time.
	t.Run("reply, cancel and stop", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			system := NewSystem()
			ref, _ := Spawn(system, "", func() Behavior[Reply[int]] {
				return Func[Reply[int]](func(_ *Context[Reply[int]], r Reply[int]) error {
					explore.Point("test: handling")
					r.Send(1)
					r.Send(2)
					return nil
				})
			})
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("asker", func() {
				v, err := Ask(ctx, ref, func(r Reply[int]) Reply[int] { return r })
				if err == nil && v != 1 || err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrStopped) {
					x.Failf("%d, %v", v, err)
				}
			})
			x.Go("stop", func() { _ = ref.Kill(x.Context()) })
			x.Finally(func() error {
				if ref.actor.more.asks != nil {
					return errors.New("an ask was forgotten")
				}
				return nil
			})
		})
	})
	for _, policy := range []Policy{Block, Reject, DropOldest} {
		t.Run(fmt.Sprint("bounded ", policy), func(t *testing.T) {
			explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
				s, accepted, undelivered := &seen{}, 0, 0
				ref := s.spawn(x, NewSystem(OnUndelivered(func(Undelivered) { undelivered++ })), Mailbox(1, policy))
				ctx, cancel := context.WithCancel(x.Context())
				x.Event("cancel", cancel)
				for i := range 2 {
					x.Go(fmt.Sprint("sender", i), func() {
						for range 2 - i {
							if ref.Tell(ctx, i) == nil {
								accepted++
							}
						}
					})
				}
				x.Always(func() error {
					if e := ref.actor.extra; e != nil && len(ref.actor.in)-e.head > 1 {
						return errors.New("more than there is room for")
					}
					return nil
				})
				x.Finally(func() error {
					if len(s.messages)+undelivered != accepted {
						return fmt.Errorf("%d accepted, %d handled, %d undelivered", accepted, len(s.messages), undelivered)
					}
					return settled(ref)
				})
			})
		})
	}
	exploreLife(t)
	exploreGroups(t)
	explore.RequireCovered(t, ".")
}
