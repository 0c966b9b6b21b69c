package workerpool

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// numbers yields 0 to n-1 and counts those that were taken.
func numbers(n int, taken *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			*taken++
			if !yield(i) {
				return
			}
		}
	}
}

func collect[T any](seq iter.Seq2[T, error]) (values []T, errs []error) {
	for v, err := range seq {
		values, errs = append(values, v), append(errs, err)
	}
	return values, errs
}

// The results come in order, or as soon as they are there, with the error of each.
func TestMap(t *testing.T) {
	inBubble(t, 3, nil, func(t *testing.T, p *Pool) {
		fn := func(_ context.Context, v int) (int, error) {
			time.Sleep(time.Duration(4-v) * time.Second)
			if v == 1 {
				return -1, errTask
			}
			return v * v, nil
		}
		var taken int
		takes(t, 4*time.Second, func() {
			values, errs := collect(Map(t.Context(), p, numbers(3, &taken), fn))
			require.Equal(t, []int{0, -1, 4}, values)
			require.Equal(t, []error{nil, errTask, nil}, errs)
		})
		takes(t, 4*time.Second, func() {
			values, errs := collect(MapUnordered(t.Context(), p, numbers(3, &taken), fn))
			require.Equal(t, []int{4, -1, 0}, values)
			require.Equal(t, []error{nil, errTask, nil}, errs)
		})
		values, errs := collect(MapSeq2(t.Context(), p, Map(t.Context(), p, numbers(3, &taken), fn), square))
		require.Equal(t, []int{0, 0, 16}, values)
		require.Equal(t, []error{nil, errTask, nil}, errs)
		values, errs = collect(MapSeq2Unordered(t.Context(), p, Map(t.Context(), p, numbers(3, &taken), fn), square))
		slices.Sort(values)
		require.Equal(t, []int{0, 0, 16}, values)
		require.Contains(t, errs, errTask)
		values, _ = collect(Map(t.Context(), p, numbers(0, &taken), fn))
		require.Empty(t, values)
	})
}

// So many calls are in flight for each worker at most, whatever the queue takes.
func TestMapIsBounded(t *testing.T) {
	for _, opts := range [][]Option{nil, {Queue(1)}, {Queue(0), WhenFull(Reject)}, {Queue(1), WhenFull(CallerRuns)}} {
		inBubble(t, 2, opts, func(t *testing.T, p *Pool) {
			var taken int
			got := 0
			var inside gauge
			fn := func(_ context.Context, v int) (int, error) {
				inside.enter()
				defer inside.leave()
				time.Sleep(time.Second)
				return v, nil
			}
			most := 0
			for v, err := range Map(t.Context(), p, numbers(100, &taken), fn) {
				require.NoError(t, err)
				require.Equal(t, got, v)
				got++
				most = max(most, taken-got)
				time.Sleep(time.Duration(v%3) * time.Second)
			}
			require.LessOrEqual(t, most, 32)
			if opts == nil {
				require.Equal(t, 32, most)
			}
			require.Equal(t, 100, got)
			most = 0
			taken, got = 0, 0
			for _, err := range MapUnordered(t.Context(), p, numbers(100, &taken), fn) {
				require.NoError(t, err)
				got++
				most = max(most, taken-got)
				time.Sleep(time.Duration(got%3) * time.Second)
			}
			require.LessOrEqual(t, most, 4)
			require.LessOrEqual(t, inside.most.Load(), int64(3))
		})
	}
}

// A slow loop stops the source through two stages.
func TestBackpressureEndToEnd(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		var taken int
		first := Map(t.Context(), p, numbers(100, &taken), square)
		got := 0
		for range MapSeq2(t.Context(), p, first, square) {
			got++
			time.Sleep(time.Hour)
			require.LessOrEqual(t, taken-got, 32, "sixteen in each stage")
		}
		require.Equal(t, 100, got)
	})
}

// When the context ends the loop gets what was submitted, and then why there is no more.
func TestMapEndsWithContext(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
			ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			defer cancel()
			var taken int
			fn := func(_ context.Context, v int) (int, error) { time.Sleep(time.Second); return v, nil }
			seq := Map(ctx, p, numbers(100, &taken), fn)
			if unordered {
				seq = MapUnordered(ctx, p, numbers(100, &taken), fn)
			}
			takes(t, 3*time.Second, func() {
				_, errs := collect(seq)
				for i, err := range errs {
					require.Equal(t, i < 2 || i == 2 && !unordered || i == 3 && unordered && err == nil, err == nil, "%v", errs)
				}
				require.Equal(t, context.DeadlineExceeded, errs[len(errs)-1])
			})
		})
	}
}

func TestMapOfAClosedPool(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		var taken int
		var running atomic.Int64
		fn := func(ctx context.Context, v int) (int, error) {
			running.Add(1)
			time.Sleep(time.Second)
			return v, nil
		}
		time.AfterFunc(1500*time.Millisecond, p.Close)
		values, errs := collect(Map(t.Context(), p, numbers(100, &taken), fn))
		require.Equal(t, []int{0, 1}, values[:2])
		require.Equal(t, []error{nil, nil, ErrClosed}, errs[:3])
		require.Equal(t, ErrClosed, errs[len(errs)-1])
		require.EqualValues(t, 2, running.Load())
	})
}

// A loop that is left, in whatever way, has stopped everything by then.
func TestBrokenLoops(t *testing.T) {
	exits := map[string]func(seq iter.Seq2[int, error]){
		"break": func(seq iter.Seq2[int, error]) {
			for range seq {
				break
			}
		},
		"return": func(seq iter.Seq2[int, error]) {
			for range seq {
				return
			}
		},
		"panic": func(seq iter.Seq2[int, error]) {
			defer func() { _ = recover() }()
			for range seq {
				panic("left")
			}
		},
		"goexit": func(seq iter.Seq2[int, error]) {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for range seq {
					runtime.Goexit()
				}
			}()
			<-ended
		},
	}
	for name, exit := range exits {
		inBubble(t, 2, with(IdleTime(0)), func(t *testing.T, p *Pool) {
			before := goroutines()
			var inside gauge
			stage := func(ctx context.Context, v int) (int, error) {
				inside.enter()
				defer inside.leave()
				if v > 0 {
					return 0, untilEnd(ctx)
				}
				return v, nil
			}
			returned := false
			source := func(yield func(int) bool) {
				defer func() { returned = true }()
				for i := 0; yield(i / 3); i++ {
				}
			}
			for _, seq := range []iter.Seq2[int, error]{
				Map(t.Context(), p, source, stage),
				MapUnordered(t.Context(), p, source, stage),
				MapSeq2(t.Context(), p, Map(t.Context(), p, source, square), stage),
			} {
				returned = false
				takes(t, 0, func() { exit(seq) })
				require.True(t, returned, name)
				require.Zero(t, inside.now.Load(), name)
				require.Zero(t, p.Stats().Waiting)
				require.Equal(t, before, goroutines())
			}
		})
	}
}

// So does a source that panics.
func TestSourcePanics(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		source := func(yield func(int) bool) {
			yield(1)
			panic(errTask)
		}
		require.PanicsWithValue(t, errTask, func() {
			collect(Map(t.Context(), p, source, func(ctx context.Context, v int) (int, error) { return v, untilEnd(ctx) }))
		})
		synctest.Wait()
		require.Zero(t, p.Stats().Running)
	})
}

// A loop over what was submitted last can be left too.
func TestLoopLeftAtTheEnd(t *testing.T) {
	inBubble(t, 4, nil, func(t *testing.T, p *Pool) {
		var taken int
		for v := range Map(t.Context(), p, numbers(3, &taken), square) {
			if v == 1 {
				break
			}
		}
		s := p.Stats()
		require.NoError(t, identity(s))
		require.Equal(t, 3, s.Submitted-s.Waiting-s.Running)
	})
}
