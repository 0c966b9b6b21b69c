//go:build explore

package tokenbucket

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// idle checks that nothing is left behind in buckets that nobody uses any more.
func idle(x *explore.Exec, buckets ...*Bucket) {
	x.Finally(func() error {
		for _, b := range buckets {
			b.mu.Lock()
			left := b.timer != nil || b.claims.waiting != 0 || b.claims.first != nil
			b.mu.Unlock()
			if left {
				return errors.New("the timer runs or a claim is left although nobody waits")
			}
		}
		return nil
	})
}

func TestExplore(t *testing.T) {
	// Two tokens a second, and none to begin with. The one who is cancelled takes
	// nothing, or one token; the other is served.
	t.Run("granted and cancelled at once", func(t *testing.T) {
		granted := func(x *explore.Exec) {
			b := New(2, 1, Initial(0))
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Event("half a second", func() { time.Sleep(time.Second / 2) })
			start, taken := time.Now(), 0
			x.Always(func() error {
				if most := int(2 * time.Since(start) / time.Second); taken > most {
					return fmt.Errorf("%d tokens taken after %v", taken, time.Since(start))
				}
				return nil
			})
			for i, c := range []context.Context{ctx, x.Context()} {
				x.Go(fmt.Sprint("take", i), func() {
					switch err := b.Take(c, 1); {
					case err == nil:
						taken++
					case i > 0 || !errors.Is(err, context.Canceled):
						x.Failf("take%d: %v", i, err)
					}
				})
			}
			idle(x, b)
		}
		explore.Check(t, explore.Config{Preemptions: 1}, granted)
		explore.Check(t, explore.Config{Preemptions: 3, Random: 5000}, granted)
	})
	t.Run("TryTake fails only if it is impossible", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			b, taken := New(0, 2), 0
			for i := range 3 {
				x.Go(fmt.Sprint("try", i), func() {
					if b.TryTake(1) {
						taken++
					}
				})
			}
			x.Finally(func() error {
				if taken != 2 || b.Tokens() != 0 {
					return fmt.Errorf("%d of 2 tokens taken, %v left", taken, b.Tokens())
				}
				return nil
			})
		})
	})
	// As above, while time passes: one that reads the clock early and is late with
	// the rest must not be refused what was there all the time, nor mint anything.
	t.Run("stale readings of the clock", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			b, taken, refused := New(1, 2), 0, 0
			start := time.Now()
			x.Event("1s", func() { time.Sleep(time.Second) })
			for i := range 3 {
				x.Go(fmt.Sprint("try", i), func() {
					if b.TryTake(1) {
						taken++
					} else {
						refused++
					}
				})
			}
			x.Always(func() error {
				if most := 2 + int(time.Since(start)/time.Second); taken > most || refused > 1 {
					return fmt.Errorf("%d taken, %d refused", taken, refused)
				}
				return nil
			})
			idle(x, b)
		})
	})
	t.Run("changed while in use", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			b, taken := New(0, 3), 0
			for i := range 2 {
				x.Go(fmt.Sprint("try", i), func() {
					for range 2 {
						if b.TryTake(1) {
							taken++
						}
					}
				})
			}
			x.Go("change", func() {
				b.SetBurst(2)
				explore.Point("between two changes")
				b.SetRate(1e-3)
			})
			x.Finally(func() error {
				if taken < 2 || taken > 3 || float64(taken)+b.Tokens() > 3 {
					return fmt.Errorf("%d taken and %v left of 3", taken, b.Tokens())
				}
				return nil
			})
		})
	})
	t.Run("served by SetRate", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New(0, 1, Initial(0))
			for i := range 2 {
				x.Go(fmt.Sprint("take", i), func() {
					if err := b.Take(x.Context(), 1); err != nil {
						x.Failf("%v", err)
					}
				})
			}
			x.Go("rate", func() {
				b.SetRate(1)
				explore.Point("between two rates")
				b.SetRate(Inf)
			})
			idle(x, b)
		})
	})
	t.Run("cancelled reservation", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New(1e-6, 2)
			first, second := b.Reserve(2), b.Reserve(1)
			x.Go("take", func() {
				if err := b.Take(x.Context(), 1); err != nil {
					x.Failf("%v", err)
				}
			})
			for i, r := range []Reservation{first, second} {
				x.Go(fmt.Sprint("cancel", i), r.Cancel)
			}
			x.Finally(func() error {
				if b.Tokens() != 1 {
					return fmt.Errorf("%v tokens, one was taken of two", b.Tokens())
				}
				return nil
			})
			idle(x, b)
		})
	})
	// Two calls name two buckets in different orders, and one gives up.
	t.Run("all or nothing", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			a, b := New(1, 1, Initial(0)), New(0.5, 1)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			start, taken := time.Now(), 0
			x.Go("ab", func() {
				if TakeAll(ctx, 1, a, b) == nil {
					taken++
				}
			})
			x.Go("ba", func() {
				if err := TakeAll(x.Context(), 1, b, a); err != nil {
					x.Failf("%v", err)
				}
				taken++
			})
			x.Finally(func() error {
				// What was taken is missing, and nothing of the call that failed.
				grown := time.Since(start).Seconds()
				if got := a.Tokens(); got != min(1, grown-float64(taken)) {
					return fmt.Errorf("%v tokens after %vs, %d taken", got, grown, taken)
				}
				return nil
			})
			idle(x, a, b)
		})
	})
	// It is refused while the other one waits for two, without the mutex, but not for
	// longer.
	t.Run("refused beside one who gives up", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			b, taken := New(0, 2, Initial(1)), 0
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			try := func() {
				if b.TryTake(1) {
					taken++
				}
			}
			x.Go("take", func() {
				if b.Take(ctx, 2) == nil {
					x.Failf("two taken of one")
				}
				try()
			})
			x.Go("try", try)
			x.Finally(func() error {
				if taken != 1 {
					return fmt.Errorf("%d taken of one", taken)
				}
				return nil
			})
			idle(x, b)
		})
	})
	t.Run("refused beside a reservation", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			b, taken := New(1e-6, 2), 0
			first := b.Reserve(2)
			for i := range 2 {
				x.Go(fmt.Sprint("try", i), func() {
					if i == 0 {
						first.Cancel()
					} else {
						b.SetBurst(3)
					}
					if b.TryTake(1) {
						taken++
					}
				})
			}
			x.Finally(func() error {
				if taken < 1 || taken+int(b.Tokens()) != 2 {
					return fmt.Errorf("%d taken, %v left of two", taken, b.Tokens())
				}
				return nil
			})
		})
	})
}
