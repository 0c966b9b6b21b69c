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

// Two tokens a second, and none to begin with. The one who is cancelled takes
// nothing, or one token; the other is served.
func TestExplore(t *testing.T) {
	explore.Check(t, explore.Config{}, func(x *explore.Exec) {
		b := New(2, 1)
		b.TryTake(1)
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
		x.Finally(func() error {
			if b.timer != nil || b.waiters.LenLocked() != 0 {
				return errors.New("the timer runs although nobody waits")
			}
			return nil
		})
	})
	explore.RequireCovered(t, ".")
}
