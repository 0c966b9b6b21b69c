package taskgroup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

type fn = func(context.Context) (int, error)

func fails(d time.Duration, err error) fn {
	return func(ctx context.Context) (int, error) { return -1, after(d, err)(ctx) }
}

func TestGatherKeepsTheOrder(t *testing.T) {
	for _, n := range []int{0, 1, 100} {
		synctest.Test(t, func(t *testing.T) {
			fns, want := make([]fn, n), make([]int, n)
			for i := range fns {
				d := rand.N(time.Second)
				fns[i] = func(ctx context.Context) (int, error) { return i, after(d, nil)(ctx) }
				want[i] = i
			}
			start := time.Now()
			results, err := taskgroup.Gather(t.Context(), fns...)
			require.NoError(t, err)
			require.Equal(t, want, results)
			require.Less(t, time.Since(start), time.Second, "at the same time")
		})
	}
}

func TestGatherFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ended := false
		results, err := taskgroup.Gather(t.Context(), double(1), fails(time.Second, errBoom), func(ctx context.Context) (int, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended = true
			return 3, nil
		}, fails(time.Hour, nil))
		require.Equal(t, errBoom, err)
		require.Nil(t, results)
		require.True(t, ended)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

// Every outcome belongs to its function, and none vanishes, whatever the others do.
func TestSettleKeepsEveryOutcome(t *testing.T) {
	for range 50 / slowdown {
		synctest.Test(t, func(t *testing.T) {
			n := rand.N(20)
			fns, want := make([]fn, n), make([]taskgroup.Outcome[int], n)
			for i := range fns {
				d, how := rand.N(5*time.Millisecond), rand.N(4)
				want[i] = taskgroup.Outcome[int]{Value: i}
				switch how {
				case 1:
					want[i].Err = fmt.Errorf("fn %d", i)
				case 2:
					want[i] = taskgroup.Outcome[int]{Err: taskgroup.ErrGoexit}
				case 3:
					want[i].Err = context.Canceled
				}
				fns[i] = func(ctx context.Context) (int, error) {
					if err := after(d, nil)(ctx); err != nil {
						return -1, err // one that fails does not affect the others
					}
					if how == 2 {
						runtime.Goexit()
					}
					return i, want[i].Err
				}
			}
			require.Equal(t, want, taskgroup.Settle(t.Context(), fns...))
		})
	}
}

func TestGatherNeverLosesAnError(t *testing.T) {
	for range 50 / slowdown {
		synctest.Test(t, func(t *testing.T) {
			n := 1 + rand.N(20)
			var fns []fn
			var want []error
			for i := range n {
				d, err := time.Duration(1+i)*time.Millisecond, error(nil)
				if rand.N(3) == 0 {
					err = fmt.Errorf("fn %d", i)
					want = append(want, err)
				}
				fns = append(fns, func(context.Context) (int, error) { // does not obey
					time.Sleep(d)
					return i, err
				})
			}
			results, err := taskgroup.Gather(t.Context(), fns...)
			switch len(want) {
			case 0:
				require.NoError(t, err)
				require.True(t, slices.IsSorted(results))
				require.Len(t, results, n)
			case 1:
				require.Equal(t, want[0], err)
			default:
				require.Equal(t, want, err.(interface{ Unwrap() []error }).Unwrap())
			}
		})
	}
}

func TestGatherAndSettleOfAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := func(context.Context) (int, error) {
		t.Error("called")
		return 0, nil
	}
	results, err := taskgroup.Gather(ctx, never, never)
	require.Equal(t, context.Canceled, err)
	require.Nil(t, results)
	failed := taskgroup.Outcome[int]{Err: context.Canceled}
	require.Equal(t, []taskgroup.Outcome[int]{failed, failed}, taskgroup.Settle(ctx, never, never))
	require.Empty(t, taskgroup.Settle[int](ctx))
}

func TestContextEndsDuringSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		outcomes := taskgroup.Settle(ctx, double(1), fails(time.Hour, nil))
		require.Equal(t, []taskgroup.Outcome[int]{{Value: 2}, {Value: -1, Err: context.DeadlineExceeded}}, outcomes)
	})
}

func TestGatherAndSettlePanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, call := range []func(...fn){
			func(fns ...fn) { _, _ = taskgroup.Gather(t.Context(), fns...) },
			func(fns ...fn) { taskgroup.Settle(t.Context(), fns...) },
			func(fns ...fn) { _, _ = taskgroup.Race(t.Context(), fns...) },
			func(fns ...fn) { _, _ = taskgroup.Quorum(t.Context(), 2, fns...) },
		} {
			ended := false
			p := recovered(func() {
				call(func(ctx context.Context) (int, error) {
					<-ctx.Done()
					ended = true
					return 0, ctx.Err()
				}, func(ctx context.Context) (int, error) { return 0, panicTask(ctx) })
			})
			require.Equal(t, errBoom, p.(*taskgroup.PanicError).Value)
			require.True(t, ended)
		}
	})
}

func TestGatherGoexit(t *testing.T) {
	_, err := taskgroup.Gather(t.Context(), fails(time.Hour, nil), func(ctx context.Context) (int, error) { return 0, exit(ctx) })
	require.Equal(t, taskgroup.ErrGoexit, err)
}
