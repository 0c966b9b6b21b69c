//go:build explore

package retry

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

var errFailed = errors.New("failed")

func TestExplore(t *testing.T) {
	t.Run("a cancel at any moment", func(t *testing.T) {
		for _, delay := range []time.Duration{-1, time.Second, -2, -3} {
			explore.Check(t, explore.Config{Preemptions: 4}, func(x *explore.Exec) {
				ctx, cancel := context.WithCancel(x.Context())
				budget, calls := NewBudget(1, 0), 0
				p := Policy{MaxAttempts: 2, BaseDelay: delay, Jitter: NoJitter, Budget: budget,
					OnRetry: func(context.Context, int, error, time.Duration) { explore.Point("in the hook") }}
				if delay <= -2 {
					p.OnRetry = nil
				}
				if delay == -3 {
					p.Budget = nil
				}
				x.Event("cancel", cancel)
				if delay > 0 {
					x.Event("a second", func() { time.Sleep(time.Second) })
				}
				x.Go("do", func() {
					err := Do(ctx, p, func(ctx context.Context) error {
						if ctx.Err() != nil {
							x.Failf("an attempt of a context that has ended")
						}
						calls++
						explore.Point("in the attempt")
						return errFailed
					})
					e, ok := errors.AsType[*Error](err)
					switch {
					case !ok || e.Attempts != calls || calls > 0 && e.Last != errFailed:
						x.Failf("%v after %d calls", err, calls)
					case calls < 2 && e.Cause != context.Canceled:
						x.Failf("gave up early: %v", err)
					}
				})
				x.Finally(func() error {
					if st := budget.Stats(); p.Budget != nil && st.Retries != int64(max(0, calls-1)) {
						return fmt.Errorf("%d calls: %v", calls, st)
					}
					return nil
				})
			})
		}
	})
	t.Run("one budget", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			budget := NewBudget(0.5, 0)
			var retries [3]int
			for i := range retries {
				x.Go(fmt.Sprint("client ", i), func() {
					_ = Do(x.Context(), Policy{BaseDelay: -1, Budget: budget}, func(context.Context) error {
						retries[i]++
						return errFailed
					})
					retries[i]--
				})
			}
			x.Always(func() error {
				st := budget.Stats()
				if 2*st.Retries > st.Requests {
					return fmt.Errorf("overspent: %v", st)
				}
				return nil
			})
			x.Finally(func() error {
				if sum := retries[0] + retries[1] + retries[2]; sum != 1 {
					return fmt.Errorf("%d retries for three requests", sum)
				}
				return nil
			})
		})
	})
	t.Run("hedge", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Event("a second", func() { time.Sleep(time.Second) })
			began, running := 0, 0
			x.Go("hedge", func() {
				n, err := Hedge(ctx, Hedging{Delay: time.Second}, func(ctx context.Context) (int, error) {
					began++
					n := began
					running++
					defer func() { running-- }()
					explore.Point("in the attempt")
					if ctx.Err() != nil {
						return 0, ctx.Err()
					}
					if n == 1 {
						return 0, errFailed
					}
					return n, nil
				})
				if running != 0 {
					x.Failf("%d are running", running)
				}
				if err != nil && began == 2 && ctx.Err() == nil || err == nil && n != 2 {
					x.Failf("%d, %v of %d", n, err, began)
				}
			})
		})
	})
	t.Run("hedge with two winners", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			running, began := 0, 0
			x.Go("hedge", func() {
				n, err := Hedge(x.Context(), Hedging{Delay: -1, MaxAttempts: 3}, func(ctx context.Context) (int, error) {
					running++
					defer func() { running-- }()
					began++
					n := began
					explore.Point("in the attempt")
					return n, nil
				})
				if err != nil || n == 0 || running != 0 || began != 3 {
					x.Failf("%d, %v; %d of %d are running", n, err, running, began)
				}
			})
		})
	})
	explore.RequireCovered(t, ".")
}
