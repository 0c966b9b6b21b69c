//go:build explore

package boundedbuf

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// Each item that was put is got once, and the items of one producer in their
// order, whoever is cancelled and whenever the buffer is closed.
func TestExplore(t *testing.T) {
	t.Run("put and get", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New[int](1)
			var got []int
			x.Go("put", func() {
				if n, err := b.PutAll(x.Context(), []int{1, 2, 3}); n != 3 || err != nil {
					x.Failf("put %d, %v", n, err)
				}
				b.Close()
			})
			for _, name := range []string{"get", "other"} {
				x.Go(name, func() {
					for v := range b.All(x.Context()) {
						got = append(got, v)
						explore.Point("got")
					}
				})
			}
			x.Finally(func() error {
				if slices.Sort(got); !slices.Equal(got, []int{1, 2, 3}) {
					return fmt.Errorf("got %v", got)
				}
				return nil
			})
		})
	})
	t.Run("cancelled get loses no item", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New[int](1)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			var got []int
			for i, c := range []context.Context{ctx, x.Context()} {
				x.Go(fmt.Sprint("get", i), func() {
					switch v, err := b.Get(c); {
					case err == nil:
						got = append(got, v)
					case i == 1 || !errors.Is(err, context.Canceled):
						x.Failf("get%d: %v", i, err)
					}
				})
			}
			x.Go("put", func() {
				for _, v := range []int{1, 2} {
					if err := b.Put(x.Context(), v); err != nil {
						x.Failf("put: %v", err)
					}
				}
			})
			x.Finally(func() error {
				for v, ok := b.TryGet(); ok; v, ok = b.TryGet() {
					got = append(got, v)
				}
				if slices.Sort(got); !slices.Equal(got, []int{1, 2}) {
					return fmt.Errorf("got %v", got)
				}
				return nil
			})
		})
	})
	t.Run("cancelled put leaves no item, and close lets none in", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New[int](1)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			var put, got []int
			for i, c := range []context.Context{ctx, x.Context()} {
				x.Go(fmt.Sprint("put", i), func() {
					switch err := b.Put(c, i); {
					case err == nil:
						put = append(put, i)
					case !errors.Is(err, ErrClosed) && (i == 1 || !errors.Is(err, context.Canceled)):
						x.Failf("put%d: %v", i, err)
					}
				})
			}
			x.Go("get", func() {
				if v, err := b.Get(x.Context()); err == nil {
					got = append(got, v)
				}
				b.Close()
				for v := range b.All(x.Context()) {
					got = append(got, v)
				}
			})
			x.Finally(func() error {
				slices.Sort(put)
				if slices.Sort(got); !slices.Equal(got, put) || b.Len() != 0 || b.unfinished != len(got) {
					return fmt.Errorf("put %v, got %v, %v", put, got, b.Stats())
				}
				return nil
			})
		})
	})
	t.Run("a newcomer competes with those who wait", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New[int](1)
			b.TryPut(0)
			x.Event("2ms", func() { time.Sleep(2 * time.Millisecond) })
			x.Go("put", func() {
				if err := b.Put(x.Context(), 1); err != nil {
					x.Failf("put: %v", err)
				}
			})
			var got []int
			x.Go("get", func() {
				for range 2 {
					if v, err := b.Get(x.Context()); err == nil {
						got = append(got, v)
					}
				}
			})
			x.Go("try", func() {
				if v, ok := b.TryGet(); ok {
					explore.Point("has the item")
					if err := b.Put(x.Context(), v); err != nil {
						x.Failf("try: %v", err)
					}
				}
			})
			x.Finally(func() error {
				if slices.Sort(got); !slices.Equal(got, []int{0, 1}) {
					return fmt.Errorf("got %v", got)
				}
				return nil
			})
		})
	})
	t.Run("batches", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New[int](2)
			var got []int
			for _, name := range []string{"get", "other"} {
				x.Go(name, func() {
					dst := make([]int, 3)
					for {
						n, err := b.GetBatch(x.Context(), dst)
						if got = append(got, dst[:n]...); err != nil {
							return
						}
					}
				})
			}
			x.Go("put", func() {
				if n, err := b.PutAll(x.Context(), []int{1, 2, 3, 4, 5}); n != 5 || err != nil {
					x.Failf("put %d, %v", n, err)
				}
				b.Close()
			})
			x.Finally(func() error {
				if slices.Sort(got); !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
					return fmt.Errorf("got %v", got)
				}
				return nil
			})
		})
	})
	t.Run("join and close now", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			b := New[int](1)
			done, put, left := 0, 0, 0
			x.Go("work", func() {
				for range b.All(x.Context()) {
					explore.Point("working")
					done++
					b.Done()
				}
			})
			x.Go("put", func() {
				for b.Put(x.Context(), 1) == nil {
					if put++; put == 2 {
						break
					}
				}
				if err := b.Join(x.Context()); err != nil {
					x.Failf("join: %v", err)
				}
				if b.unfinished != 0 {
					x.Failf("joined with %d unfinished", b.unfinished)
				}
			})
			x.Go("close", func() { left = len(b.CloseNow()) })
			x.Finally(func() error {
				if put != done+left {
					return fmt.Errorf("%d put, %d done, %d left", put, done, left)
				}
				return nil
			})
		})
	})
	t.Run("at random", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 2000, Preemptions: 5}, func(x *explore.Exec) {
			b := New[int](2)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Event("2ms", func() { time.Sleep(2 * time.Millisecond) })
			var put, got []int
			producers := 3
			for i := range producers {
				x.Go(fmt.Sprint("put", i), func() {
					c := x.Context()
					if i == 0 {
						c = ctx
					}
					for j := range 3 {
						if err := b.Put(c, 10*i+j); err == nil {
							put = append(put, 10*i+j)
						} else if i != 0 {
							x.Failf("put%d: %v", i, err)
						}
					}
					if producers--; producers == 0 {
						b.Close()
					}
				})
				x.Go(fmt.Sprint("get", i), func() {
					c := x.Context()
					if i == 1 {
						c = ctx
					}
					for v := range b.All(c) {
						got = append(got, v)
					}
				})
			}
			x.Finally(func() error {
				slices.Sort(put)
				if slices.Sort(got); !slices.Equal(got, put) || b.Len() != 0 {
					return fmt.Errorf("put %v, got %v, %v", put, got, b.Stats())
				}
				return nil
			})
		})
	})
	explore.RequireCovered(t, ".")
}
