package connpool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Real threads: whatever calls, cancels, failures and sizes coincide, no more
// than MaxConns are open, each connection has one borrower and is closed once,
// and nobody is left behind.
func TestStress(t *testing.T) {
	const goroutines, rounds, most = 16, 300, 4
	var failing atomic.Bool
	s := &server{before: func(ctx context.Context, n int) error {
		runtime.Gosched()
		if n%7 == 0 || failing.Load() {
			return errDial
		}
		return ctx.Err()
	}}
	p := newPool(s, config{
		MaxConns: most, MinIdle: 1, MinBackoff: time.Nanosecond, MaxBackoff: time.Microsecond,
		Reset: func(c *conn) error {
			if rand.N(20) == 0 {
				return errors.New("failed")
			}
			return nil
		},
	})
	plain := &server{before: s.before}
	q := newPool(plain, config{MaxConns: most, MinBackoff: time.Nanosecond, MaxBackoff: time.Microsecond})
	for _, p := range []*pool{p, q} {
		var wg sync.WaitGroup
		var borrowers sync.Map
		var wrong atomic.Int64
		for range goroutines {
			wg.Go(func() {
				for i := range rounds {
					ctx, cancel := context.WithCancel(context.Background())
					if i%5 == 0 {
						go cancel()
					}
					l, err := p.Acquire(ctx)
					if err == nil {
						if _, lent := borrowers.LoadOrStore(l.Value(), true); lent || l.Value().closed {
							wrong.Add(1)
						}
						if i%3 == 0 {
							runtime.Gosched()
						}
						borrowers.Delete(l.Value())
						if i%11 == 0 {
							l.Discard()
						} else {
							l.Release()
						}
					} else if !errors.Is(err, errDial) && !errors.Is(err, context.Canceled) {
						wrong.Add(1)
					}
					if l, ok := p.TryAcquire(); ok {
						l.Release()
					}
					if i%50 == 0 {
						_ = p.Stats()
					}
					cancel()
				}
			})
		}
		wg.Wait()
		require.Zero(t, wrong.Load())
		st := p.Stats()
		require.Zero(t, st.Lent+st.Waiting, "%v", st)
	}
	closeAll(t, p, s)
	closeAll(t, q, plain)
	require.LessOrEqual(t, s.most, most)
	require.LessOrEqual(t, plain.most, most)
}
