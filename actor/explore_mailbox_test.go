//go:build explore

package actor

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// exploring spawns a performer on a system that counts what is undelivered.
func exploring(x *explore.Exec, opts ...Option) (ref *Ref[act], undelivered *int) {
	undelivered = new(int)
	ref, err := Spawn(NewSystem(OnUndelivered(func(Undelivered) { *undelivered++ })), "", performer, opts...)
	if err != nil {
		x.Failf("%v", err)
	}
	return ref, undelivered
}

// balanced checks that handled and undelivered are all that was accepted, and that no ask
// is left.
func balanced(ref *Ref[act], handled, undelivered int) error {
	s := ref.Stats()
	switch {
	case s.Handled != uint64(handled) || s.Undelivered != uint64(undelivered):
		return fmt.Errorf("%d handled, %d undelivered, but %+v", handled, undelivered, s)
	case s.Waiting != 0:
		return fmt.Errorf("forgotten: %+v", s)
	case ref.actor.more != nil && ref.actor.more.asks != nil:
		return errors.New("an ask was forgotten")
	}
	return resting(ref)
}

func resting[M any](ref *Ref[M]) error {
	a := ref.actor
	if a.scheduled && a.phase != gone {
		return fmt.Errorf("scheduled for ever in phase %d", a.phase)
	}
	return nil
}

func TestExploreMailbox(t *testing.T) {
	// Two who wait for room, one of which gives up, while the actor goes on and is stopped.
	t.Run("blocked senders", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 4000, Preemptions: 3}, func(x *explore.Exec) {
			ref, undelivered := exploring(x, Mailbox(1, Block))
			handled, accepted := 0, 0
			var order [2]int
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			for i, c := range []context.Context{ctx, x.Context()} {
				x.Go(fmt.Sprint("sender", i), func() {
					for n := 1; n <= 2; n++ {
						if ref.Tell(c, func(*Context[act]) error {
							explore.Point("test: handling")
							handled++
							if order[i] >= n {
								x.Failf("%d after %d of one sender", n, order[i])
							}
							order[i] = n
							return nil
						}) == nil {
							accepted++
						}
					}
				})
			}
			x.Go("stop", func() { _ = ref.Stop(x.Context()) })
			x.Finally(func() error {
				if handled != accepted {
					return fmt.Errorf("%d accepted, %d handled", accepted, handled)
				}
				return balanced(ref, handled, *undelivered)
			})
		})
	})
	// A Reply is used before and while its message waits for room; others are waited for.
	t.Run("early reply", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 4000, Preemptions: 3}, func(x *explore.Exec) {
			ref, undelivered := exploring(x, Mailbox(1, Block))
			handled := 0
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("asker", func() {
				v, err := Ask(ctx, ref, func(r Reply[int]) act {
					go func() {
						explore.Point("test: about to reply early")
						r.Send(1)
						r.Fail(errTest)
					}()
					return func(*Context[act]) error { handled++; return nil }
				})
				if err == nil && v != 1 || err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrStopped) {
					x.Failf("%d, %v", v, err)
				}
			})
			x.Go("other", func() {
				_, err := Ask(x.Context(), ref, func(Reply[int]) act {
					return func(*Context[act]) error { handled++; return nil }
				})
				if !errors.Is(err, ErrStopped) {
					x.Failf("other: %v", err)
				}
			})
			x.Go("stop", func() { _ = ref.Stop(x.Context()) })
			x.Finally(func() error { return balanced(ref, handled, *undelivered) })
		})
	})
	// An ask is dropped, cancelled and answered by somebody else at the same time.
	t.Run("drop oldest", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 4000, Preemptions: 3}, func(x *explore.Exec) {
			ref, undelivered := exploring(x, Mailbox(1, DropOldest))
			handled, accepted := 0, 0
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("asker", func() {
				v, err := Ask(ctx, ref, func(r Reply[int]) act {
					return func(*Context[act]) error { handled++; r.Send(1); return nil }
				})
				switch {
				case err == nil && v == 1, errors.Is(err, ErrDropped), errors.Is(err, context.Canceled):
				default:
					x.Failf("%d, %v", v, err)
				}
			})
			for i := range 2 {
				x.Go(fmt.Sprint("sender", i), func() {
					if ref.TryTell(func(c *Context[act]) error {
						handled++
						if i == 0 {
							accepted++
							c.After(0, func(*Context[act]) error { handled++; return nil })
						}
						return nil
					}) == nil {
						accepted++
					}
				})
			}
			x.Always(func() error {
				if n := len(ref.actor.in); ref.actor.extra != nil && n-ref.actor.extra.head > 2 {
					return fmt.Errorf("%d in a mailbox of one and one of its own", n)
				}
				return nil
			})
			x.Finally(func() error {
				if s := ref.Stats(); s.Accepted-uint64(accepted) > 1 {
					return fmt.Errorf("%d accepted besides the ask, %+v", accepted, s)
				}
				return balanced(ref, handled, *undelivered)
			})
		})
	})
	// Failures, their redelivery and the stash, and an ask that is given up.
	for name, end := range map[string]func(*Ref[act], context.Context) error{"stop": (*Ref[act]).Stop, "kill": (*Ref[act]).Kill} {
		t.Run("redeliver, stash and "+name, func(t *testing.T) {
			explore.Check(t, explore.Config{Random: 4000, Preemptions: 3}, func(x *explore.Exec) {
				ref, undelivered := exploring(x, Redeliver(1))
				handled, begun := 0, 0
				ctx, cancel := context.WithCancel(x.Context())
				x.Event("cancel", cancel)
				x.Go("asker", func() {
					v, err := Ask(ctx, ref, func(r Reply[int]) act {
						var self act
						self = func(c *Context[act]) error {
							handled++
							switch begun++; begun {
							case 1:
								c.Stash(self)
							case 2:
								explore.Point("test: about to fail")
								return errTest
							default:
								r.Send(1)
							}
							return nil
						}
						return self
					})
					if err == nil && v != 1 || err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrStopped) {
						x.Failf("%d, %v", v, err)
					}
				})
				x.Go("sender", func() {
					for range 2 {
						_ = ref.Tell(x.Context(), func(c *Context[act]) error {
							handled++
							c.Unstash()
							return nil
						})
					}
				})
				x.Go("end", func() { _ = end(ref, x.Context()) })
				x.Finally(func() error { return balanced(ref, handled, *undelivered) })
			})
		})
	}
	// Two actors ask each other, one of them on behalf of the other one.
	t.Run("cycle", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 4000, Preemptions: 3}, func(x *explore.Exec) {
			system := NewSystem()
			a, _ := Spawn(system, "a", performer)
			b, _ := Spawn(system, "b", performer)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("asker", func() {
				_, _ = Ask(ctx, a, func(r Reply[int]) act {
					return func(c *Context[act]) error {
						_, err := Ask(c, b, func(r Reply[int]) act {
							return func(c *Context[act]) error {
								var cycle *CycleError
								if _, err := Ask(c, a, replies(1)); !errors.As(err, &cycle) {
									x.Failf("asked around: %v", err)
								}
								r.Send(1)
								if _, err := Ask(c, a, replies(1)); err != nil {
									x.Failf("after the reply: %v", err)
								}
								return nil
							}
						})
						r.Send(1)
						return err
					}
				})
			})
			x.Finally(func() error {
				for _, ref := range []*Ref[act]{a, b} {
					if err := resting(ref); err != nil || ref.Stats().Waiting > 0 {
						return fmt.Errorf("%v, %v", ref, err)
					}
				}
				return nil
			})
		})
	})
}
