//go:build explore

package boundedbuf

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

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
				if slices.Sort(got); !slices.Equal(got, put) || b.Stats() != (Stats{Cap: 1, Closed: true}) {
					return fmt.Errorf("put %v, got %v, %v", put, got, b.Stats())
				}
				return nil
			})
		})
	})
	explore.RequireCovered(t, ".")
}
