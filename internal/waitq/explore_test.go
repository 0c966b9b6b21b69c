//go:build explore

package waitq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

func TestExplore(t *testing.T) {
	// One of two waiters is cancelled at any time. The other one is served, and no
	// unit is lost.
	t.Run("grant and cancel", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			g, granted := &gate{}, 0
			x.Finally(func() error {
				if g.units+granted != 3 || g.queue.LenLocked() != 0 {
					return fmt.Errorf("%d of 3 units are with waiters and %d in the gate, %d wait",
						granted, g.units, g.queue.LenLocked())
				}
				return nil
			})
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("cancelled", func() {
				if err := g.wait(ctx, 2); err == nil {
					granted += 2
				} else if !errors.Is(err, context.Canceled) {
					x.Failf("cancelled: %v", err)
				}
			})
			x.Go("other", func() {
				if err := g.wait(x.Context(), 1); err != nil {
					x.Failf("other: %v", err)
				}
				granted++
			})
			x.Go("add", func() {
				g.add(1)
				explore.Point("between two grants")
				g.add(2)
			})
		})
	})
	// Everyone fails at once while one is being granted and one is cancelled.
	t.Run("fail all", func(t *testing.T) {
		errClosed := errors.New("closed")
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			g, granted, failed := &gate{}, 0, 0
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			for i, c := range []context.Context{ctx, x.Context()} {
				x.Go(fmt.Sprint("w", i), func() {
					switch err := g.wait(c, 1); {
					case err == nil:
						granted++
					case errors.Is(err, errClosed), errors.Is(err, context.Canceled) && i == 0:
						failed++
					default:
						x.Failf("w%d: %v", i, err)
					}
				})
			}
			x.Go("close", func() {
				g.add(1)
				explore.Point("between grant and close")
				g.mu.Lock()
				g.queue.FailAllLocked(errClosed)
				g.units = 2 // for those that come later
				g.grantLocked()
				g.mu.Unlock()
			})
			x.Finally(func() error {
				if granted+failed != 2 || g.queue.LenLocked() != 0 {
					return fmt.Errorf("%d granted, %d failed, %d wait", granted, failed, g.queue.LenLocked())
				}
				return nil
			})
		})
	})
	// The owner calls the front waiter, and others take what it was called for.
	t.Run("call and compete", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			g, granted := &callingGate{}, 0
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			for i, c := range []context.Context{ctx, x.Context()} {
				x.Go(fmt.Sprint("w", i), func() {
					if err := g.wait(c); err == nil {
						granted++
						explore.Point("holding")
						granted--
						g.add()
					} else if i == 1 || !errors.Is(err, context.Canceled) {
						x.Failf("w%d: %v", i, err)
					}
				})
			}
			x.Go("newcomer", func() {
				g.add()
				if g.try() {
					explore.Point("overtaking")
					g.add()
				}
			})
			x.Always(func() error {
				if granted > 1 {
					return errors.New("one unit was granted twice")
				}
				return nil
			})
			x.Finally(func() error {
				if g.units != 1 || g.queue.LenLocked() != 0 {
					return fmt.Errorf("%d units in the gate, %d wait", g.units, g.queue.LenLocked())
				}
				return nil
			})
		})
	})
	t.Run("gate", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			var mu sync.Mutex
			var g Gate
			opened, passed := false, 0
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			for i, done := range []<-chan struct{}{nil, ctx.Done(), x.Context().Done()} {
				x.Go(fmt.Sprint("w", i), func() {
					switch open := g.Wait(&mu, done); {
					case open && !opened:
						x.Failf("w%d passed a gate that is shut", i)
					case open:
						passed++
					case i != 1:
						x.Failf("w%d turned away", i)
					}
				})
			}
			x.Go("open", func() {
				mu.Lock()
				opened = true
				g.OpenAndUnlock(&mu)
			})
			x.Finally(func() error {
				if passed < 2 {
					return fmt.Errorf("%d passed", passed)
				}
				return nil
			})
		})
	})
	explore.RequireCovered(t, ".")
}
