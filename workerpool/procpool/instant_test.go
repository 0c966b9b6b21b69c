//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

// The sum holds, and no more than the limit run, at every instant.
func TestStatsAtEveryInstant(t *testing.T) {
	p := newPool(t, 2, procpool.MaxTasks(50))
	stop := make(chan struct{})
	var watch, wg sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			st := p.Stats()
			if st.Submitted != st.Waiting+st.Running+st.Done+st.Failed+st.Cancelled ||
				st.Running > int64(st.Limit) || st.Workers > st.Limit || st.Waiting < 0 || st.Running < 0 {
				t.Errorf("inconsistent: %v", st)
				return
			}
			runtime.Gosched()
		}
	})
	var failed, done, cancelled int64
	var mu sync.Mutex
	for g := range 8 {
		wg.Go(func() {
			for i := range 40 {
				ctx, cancel := context.WithCancel(t.Context())
				n := i
				if i%20 == g {
					n = -1
				}
				if i%10 == 3 {
					go cancel()
				}
				got, err := procpool.Call(ctx, p, mayExit, n)
				mu.Lock()
				switch {
				case err == nil && got == n:
					done++
				case errors.Is(err, context.Canceled):
					cancelled++
				case n < 0:
					failed++
				default:
					t.Errorf("%d, %v", got, err)
				}
				mu.Unlock()
				cancel()
			}
		})
	}
	wg.Wait()
	close(stop)
	watch.Wait()
	st := p.Stats()
	require.Equal(t, done, st.Done)
	require.GreaterOrEqual(t, cancelled, st.Cancelled, "a context that has ended is not accepted")
	require.Equal(t, failed, st.Failed)
	require.NoError(t, p.Shutdown(t.Context()))
	noChildren(t)
}
