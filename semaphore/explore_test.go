//go:build explore

package semaphore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// use acquires n units, notes in held that it has them, and releases them.
func use(ctx context.Context, s *Weighted, n int64, held *int64) error {
	if err := s.Acquire(ctx, n); err != nil {
		return err
	}
	*held += n
	explore.Point("holding")
	*held -= n
	s.Release(n)
	return nil
}

// invariants holds s to what its type says, and to what its holders know.
func invariants(x *explore.Exec, s *Weighted, held *int64) {
	x.Always(func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if *held > s.heldLocked() {
			return fmt.Errorf("%d held, %d counted", *held, s.heldLocked())
		}
		return nil
	})
	x.Finally(func() error {
		if st := s.Stats(); *held != 0 || st.InUse != 0 || st.Waiting != 0 {
			return fmt.Errorf("at the end: %v", st)
		}
		if st := s.Stats(); !st.Closed && s.state.Load() != st.Limit {
			return fmt.Errorf("units are lost: %d of %d are free", s.state.Load(), st.Limit)
		}
		return nil
	})
}

func TestExplore(t *testing.T) {
	t.Run("three on one unit", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			s, held := NewWeighted(1), new(int64)
			invariants(x, s, held)
			for _, name := range []string{"a", "b", "c"} {
				x.Go(name, func() {
					if err := use(x.Context(), s, 1, held); err != nil {
						x.Failf("%s: %v", name, err)
					}
				})
			}
			x.Always(func() error {
				if *held > 1 {
					return errors.New("two hold one unit")
				}
				return nil
			})
		})
	})
	t.Run("a large request among small ones", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			s, held := NewWeighted(2), new(int64)
			invariants(x, s, held)
			for i, n := range []int64{2, 1, 1} {
				x.Go(fmt.Sprint("t", i), func() {
					if err := use(x.Context(), s, n, held); err != nil {
						x.Failf("t%d: %v", i, err)
					}
				})
			}
		})
	})
	t.Run("granted and cancelled at once", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			s, held := NewWeighted(1), new(int64)
			invariants(x, s, held)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Event("2ms", func() { time.Sleep(2 * time.Millisecond) })
			s.TryAcquire(1)
			x.Go("cancelled", func() {
				if err := use(ctx, s, 1, held); err != nil && ctx.Err() == nil {
					x.Failf("%v, but the context is live", err)
				}
			})
			x.Go("next", func() {
				if err := use(x.Context(), s, 1, held); err != nil {
					x.Failf("next: %v", err)
				}
			})
			x.Go("release", func() { s.Release(1) })
		})
	})
	t.Run("a newcomer competes with a waiter", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			s, held := NewWeighted(1), new(int64)
			invariants(x, s, held)
			s.TryAcquire(1)
			x.Event("2ms", func() { time.Sleep(2 * time.Millisecond) })
			x.Go("waiter", func() {
				if err := use(x.Context(), s, 1, held); err != nil {
					x.Failf("waiter: %v", err)
				}
			})
			x.Go("newcomer", func() {
				s.Release(1)
				for range 2 {
					if s.TryAcquire(1) {
						s.Release(1)
					}
				}
			})
		})
	})
	t.Run("TryAcquire fails only if it is impossible", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 4}, func(x *explore.Exec) {
			s, held := NewWeighted(3), new(int64)
			invariants(x, s, held)
			x.Go("a", func() { _ = use(x.Context(), s, 1, held) })
			x.Go("b", func() { _ = use(x.Context(), s, 1, held) })
			x.Go("try", func() {
				if !s.TryAcquire(1) {
					x.Failf("a unit was free all the time")
					return
				}
				s.Release(1)
			})
		})
	})
	for name, limit := range map[string]int64{"released twice": 1, "released twice, near overflow": math.MaxInt64} {
		t.Run(name, func(t *testing.T) {
			explore.Check(t, explore.Config{Preemptions: 4}, func(x *explore.Exec) {
				s := NewWeighted(limit)
				s.TryAcquire(1)
				panics := 0
				for _, name := range []string{"a", "b"} {
					x.Go(name, func() {
						defer func() {
							if recover() != nil {
								panics++
							}
						}()
						s.Release(1)
					})
				}
				x.Finally(func() error {
					if panics != 1 || s.state.Load() != limit {
						return fmt.Errorf("%d panics, %v", panics, s.Stats())
					}
					return nil
				})
			})
		})
	}
	t.Run("resized while in use", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			s, held := NewWeighted(2), new(int64)
			invariants(x, s, held)
			x.Go("large", func() {
				if err := use(x.Context(), s, 2, held); err != nil && !errors.Is(err, ErrTooLarge) {
					x.Failf("large: %v", err)
				}
			})
			x.Go("small", func() {
				if err := use(x.Context(), s, 1, held); err != nil {
					x.Failf("small: %v", err)
				}
			})
			x.Go("resize", func() {
				s.Resize(1)
				explore.Point("between two sizes")
				s.Resize(3)
			})
		})
	})
	t.Run("closed while in use", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			s, held := NewWeighted(1), new(int64)
			invariants(x, s, held)
			for _, name := range []string{"a", "b"} {
				x.Go(name, func() {
					if err := use(x.Context(), s, 1, held); err != nil && !errors.Is(err, ErrClosed) {
						x.Failf("%s: %v", name, err)
					}
				})
			}
			x.Go("close", func() {
				s.Close()
				if err := s.Drain(x.Context()); err != nil {
					x.Failf("drain: %v", err)
				}
				if *held != 0 {
					x.Failf("drained while %d are held", *held)
				}
			})
		})
	})
	t.Run("at random", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 2000, Preemptions: 5}, func(x *explore.Exec) {
			s, held := NewWeighted(3), new(int64)
			invariants(x, s, held)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Event("2ms", func() { time.Sleep(2 * time.Millisecond) })
			for i, n := range []int64{1, 3, 2, 1, 2} {
				x.Go(fmt.Sprint("t", i), func() {
					for range 2 {
						c := x.Context()
						if i == 1 {
							c = ctx
						}
						if err := use(c, s, n, held); err != nil && i != 1 {
							x.Failf("t%d: %v", i, err)
						}
					}
				})
			}
		})
	})
	explore.RequireCovered(t, ".")
}
