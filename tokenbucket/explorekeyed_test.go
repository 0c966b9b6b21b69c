//go:build explore

package tokenbucket

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

func TestExploreKeyed(t *testing.T) {
	t.Run("keyed", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			k := NewKeyed[string](1, 1)
			k.TryTake("a", 1)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			start, taken := time.Now(), 0
			for i, c := range []context.Context{ctx, x.Context()} {
				x.Go(fmt.Sprint("take", i), func() {
					if err := k.Take(c, "a", 1); err == nil {
						taken++
					} else if i > 0 {
						x.Failf("%v", err)
					}
				})
			}
			x.Go("try", func() {
				if k.TryTake("a", 1) {
					taken++
				}
			})
			x.Finally(func() error {
				if st := k.Stats(); st.Waiting != 0 || taken > int(time.Since(start)/time.Second) {
					return fmt.Errorf("%v, %d taken after %v", st, taken, time.Since(start))
				}
				for i := range k.shards {
					if len(k.shards[i].busy) > 0 {
						return errors.New("a bucket is left although nobody waits")
					}
				}
				return nil
			})
		})
	})
	// Two keys are full again at the same time, and then there is a third.
	t.Run("statistics of one instant", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			k := NewKeyed[int](1, 1)
			k.seed = seed
			k.TryTake(keyOf(k, 20), 1)
			k.TryTake(keyOf(k, 40), 1)
			start, third := time.Now(), false
			x.Event("1s", func() { time.Sleep(time.Second) })
			x.Go("stats", func() {
				switch keys := k.Stats().Keys; {
				case keys > 2, keys == 1 && !third, keys < 2 && time.Since(start) < time.Second:
					x.Failf("%d keys", keys)
				}
			})
			x.Go("take", func() {
				if time.Since(start) == time.Second {
					third = true
					k.TryTake(keyOf(k, 50), 1)
				}
			})
		})
	})
}

// The last test: no Point may have been left out.
func TestPointsCovered(t *testing.T) { explore.RequireCovered(t, ".") }

// seed is one for all runs, in which the keys have to be in the same shards.
var seed = maphash.MakeSeed()
