package taskgroup_test

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

func TestGatherSeqKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pulled, running atomic.Int64
		var most peak
		var got []int
		for v, err := range taskgroup.GatherSeq(t.Context(), 4, counted(20, &pulled), func(_ context.Context, i int) (int, error) {
			most.see(running.Add(1))
			time.Sleep(time.Duration(i*7%5) * time.Millisecond)
			running.Add(-1)
			return i * i, nil
		}) {
			require.NoError(t, err)
			got = append(got, v)
		}
		require.Len(t, got, 20)
		for i, v := range got {
			require.Equal(t, i*i, v)
		}
		require.EqualValues(t, 4, most.Load())
	})
}

// A slow loop slows seq down: no more calls than limit are ahead of it.
func TestGatherSeqBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pulled, called atomic.Int64
		taken := 0
		for range taskgroup.GatherSeq(t.Context(), 3, counted(20, &pulled), func(_ context.Context, i int) (int, error) {
			called.Add(1)
			return i, nil
		}) {
			synctest.Wait()
			require.LessOrEqual(t, called.Load(), int64(taken+3))
			require.LessOrEqual(t, pulled.Load(), int64(taken+4))
			taken++
			time.Sleep(time.Second)
		}
		require.Equal(t, 20, taken)
	})
}

func TestGatherSeqFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pulled atomic.Int64
		var got []int
		var last error
		for v, err := range taskgroup.GatherSeq(t.Context(), 2, counted(20, &pulled), func(_ context.Context, i int) (int, error) {
			switch i {
			case 4:
				time.Sleep(time.Second)
			case 5:
				return 0, errBoom
			}
			return i, nil
		}) {
			require.NoError(t, last, "the error comes last")
			if last = err; err == nil {
				got = append(got, v)
			}
		}
		require.Equal(t, errBoom, last)
		require.Equal(t, []int{0, 1, 2, 3}, got, "without 4, which was in flight")
		require.EqualValues(t, 6, pulled.Load())
	})
}

// The error of a call is there once, also if the loop was waiting for just that call.
func TestGatherSeqFailsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 / slowdown {
			n := 0
			for v, err := range taskgroup.GatherSeq(t.Context(), 1, slices.Values([]int{1, 2}), func(ctx context.Context, _ int) (int, error) {
				return fails(time.Second, errBoom)(ctx)
			}) {
				require.Zero(t, v)
				require.Equal(t, errBoom, err)
				n++
			}
			require.Equal(t, 1, n)
		}
	})
}

func TestGatherSeqOfAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	seq := taskgroup.GatherSeq(ctx, 2, slices.Values([]int{1, 2}), func(_ context.Context, i int) (int, error) { return i, nil })
	cancel()
	n := 0
	for v, err := range seq {
		require.Zero(t, v)
		require.Equal(t, context.Canceled, err)
		n++
	}
	require.Equal(t, 1, n)
}

// However the loop is left, no call runs after that, and none was lost sight of.
func TestGatherSeqIsLeft(t *testing.T) {
	for name, leave := range map[string]func(iter.Seq2[int, error]) (stopped bool){
		"break": func(seq iter.Seq2[int, error]) bool {
			for range seq {
				break
			}
			return true
		},
		"return": func(seq iter.Seq2[int, error]) bool {
			for range seq {
				return true
			}
			return false
		},
		"panic": func(seq iter.Seq2[int, error]) bool {
			p := recovered(func() {
				for range seq {
					panic(errBoom)
				}
			})
			return p.(*taskgroup.PanicError).Value == errBoom
		},
		"exit": func(seq iter.Seq2[int, error]) bool {
			var wg sync.WaitGroup
			stopped := true
			wg.Go(func() {
				for range seq {
					runtime.Goexit()
				}
				stopped = false
			})
			wg.Wait()
			return stopped
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var pulled, running atomic.Int64
				seq := taskgroup.GatherSeq(t.Context(), 3, counted(20, &pulled), func(ctx context.Context, i int) (int, error) {
					if i == 0 {
						return 0, nil
					}
					running.Add(1)
					<-ctx.Done()
					time.Sleep(time.Second)
					running.Add(-1)
					return 0, ctx.Err()
				})
				start := time.Now()
				require.True(t, leave(seq))
				require.Zero(t, running.Load())
				require.LessOrEqual(t, pulled.Load(), int64(4))
				if pulled.Load() > 1 {
					require.LessOrEqual(t, time.Since(start), time.Second)
				}
			})
		})
	}
}

// A call that panics while the loop is being left is not lost.
func TestGatherSeqIsLeftAndACallPanics(t *testing.T) {
	p := recovered(func() {
		for range taskgroup.GatherSeq(t.Context(), 2, slices.Values([]int{0, 1, 2}), func(ctx context.Context, i int) (int, error) {
			if i == 1 {
				<-ctx.Done()
				panic(errBoom)
			}
			return i, nil
		}) {
			break
		}
	})
	require.Equal(t, errBoom, p.(*taskgroup.PanicError).Value)
}
