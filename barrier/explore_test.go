//go:build explore

package barrier

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// meet is one party that goes through rounds; nobody may leave a round that not
// all have entered.
func meet(x *explore.Exec, b *Barrier, rounds int, entered []int) func() {
	return func() {
		for r := range rounds {
			entered[r]++
			if _, err := b.Wait(x.Context()); err != nil {
				x.Failf("round %d: %v", r, err)
				return
			}
			if entered[r] != b.parties {
				x.Failf("left round %d when %d had entered", r, entered[r])
			}
		}
	}
}

func TestExplore(t *testing.T) {
	t.Run("rounds", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b, entered := New(2), make([]int, 3)
			x.Go("a", meet(x, b, 3, entered))
			x.Go("b", meet(x, b, 3, entered))
		})
	})
	t.Run("an action, and one that comes too many", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			left, acted := 0, 0
			b := New(2, Action(func() error {
				if left > 2*acted {
					x.Failf("%d have left before action %d", left, acted+1)
				}
				explore.Point("acting")
				acted++
				return nil
			}))
			for _, name := range []string{"a", "b", "c", "d"} {
				x.Go(name, func() {
					if _, err := b.Wait(x.Context()); err != nil {
						x.Failf("%s: %v", name, err)
					}
					left++
				})
			}
			x.Finally(func() error {
				if acted != 2 {
					return fmt.Errorf("%d actions", acted)
				}
				return nil
			})
		})
	})
	for name, policy := range map[string]CancelPolicy{"break": Break, "withdraw": Withdraw, "keep": KeepCounted} {
		t.Run("cancelled at the instant of the trip: "+name, func(t *testing.T) {
			explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
				b := New(2, OnCancel(policy))
				ctx, cancel := context.WithCancel(x.Context())
				x.Event("cancel", cancel)
				again, over := context.WithCancel(x.Context())
				var result error
				x.Go("cancelled", func() {
					early := ctx.Err() != nil
					_, err := b.Wait(ctx)
					if err != nil && !errors.Is(err, context.Canceled) {
						x.Failf("cancelled: %v", err)
					}
					if err != nil && (early || policy != KeepCounted) {
						_, _ = b.Wait(again)
					}
				})
				x.Go("other", func() {
					_, result = b.Wait(x.Context())
					over()
				})
				x.Finally(func() error {
					if broken := b.Stats().Broken; broken != errors.Is(result, ErrBroken) || broken && policy != Break {
						return fmt.Errorf("the other one: %v, %v", result, b.Stats())
					}
					if result != nil && !errors.Is(result, context.Canceled) {
						return result
					}
					return nil
				})
			})
		})
	}
	t.Run("reset", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New(2, Action(func() error { explore.Point("acting"); return nil }))
			var results [2]error
			for i := range results {
				x.Go(fmt.Sprint("p", i), func() { _, results[i] = b.Wait(x.Context()) })
			}
			x.Go("reset", func() {
				b.Reset()
				b.Leave()
			})
			x.Finally(func() error {
				for _, err := range results {
					if err != nil && !errors.Is(err, ErrReset) {
						return err
					}
				}
				if st := b.Stats(); st.Arrived != 0 || st.Broken {
					return fmt.Errorf("%v", st)
				}
				return nil
			})
		})
	})
	t.Run("event", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			var e Event
			sets := 0
			for _, name := range []string{"a", "b"} {
				x.Go(name, func() {
					if err := e.Wait(x.Context()); err != nil || sets == 0 {
						x.Failf("%s after %d: %v", name, sets, err)
					}
				})
			}
			x.Go("set", func() {
				sets++
				e.Set()
				explore.Point("set")
				e.Clear()
				explore.Point("cleared")
				sets++
				e.Set()
			})
		})
	})
	t.Run("phaser", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			advances := 0
			p := NewPhaser(2, OnAdvance(func(phase, registered int) bool {
				if phase != advances {
					x.Failf("advance %d of phase %d", advances, phase)
				}
				explore.Point("advancing")
				advances++
				return registered == 0
			}))
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("cancelled", func() {
				if _, err := p.ArriveAndWait(ctx); err != nil && !errors.Is(err, context.Canceled) {
					x.Failf("cancelled: %v", err)
				}
				p.Deregister()
			})
			x.Go("other", func() {
				phase, err := p.ArriveAndWait(x.Context())
				if err != nil || phase < 1 {
					x.Failf("other: %d, %v", phase, err)
				}
				p.Deregister()
			})
			x.Finally(func() error {
				if !p.IsTerminated() {
					return fmt.Errorf("%v", p.Stats())
				}
				return nil
			})
		})
	})
	t.Run("phaser, and one whose place is taken", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			p := NewPhaser(2)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("cancelled", func() {
				switch _, err := p.ArriveAndWait(ctx); {
				case err == nil:
					p.Arrive() // with the other one
				case !errors.Is(err, context.Canceled):
					x.Failf("cancelled: %v", err)
				}
			})
			x.Go("place", func() { p.Arrive() })
			x.Go("other", func() {
				if _, err := p.ArriveAndWait(x.Context()); err != nil {
					x.Failf("other: %v", err)
				}
			})
			x.Finally(func() error {
				if st := p.Stats(); st.Arrived != 0 || st.Phase == 0 {
					return fmt.Errorf("%v", st)
				}
				return nil
			})
		})
	})
	t.Run("at random", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 2000, Preemptions: 5}, func(x *explore.Exec) {
			b, entered := New(4), make([]int, 3)
			for i := range 4 {
				x.Go(fmt.Sprint("p", i), meet(x, b, 3, entered))
			}
		})
	})
	explore.RequireCovered(t, ".")
}
