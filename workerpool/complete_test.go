package workerpool

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAsCompleted(t *testing.T) {
	inBubble(t, 3, nil, func(t *testing.T, p *Pool) {
		start := time.Now()
		var futures []*Future[int]
		for _, seconds := range []int{3, 1, 2} {
			futures = append(futures, submit(t, t.Context(), p, after(time.Duration(seconds)*time.Second, seconds)))
		}
		want := 1
		for f := range AsCompleted(t.Context(), futures...) {
			takes(t, 0, func() { gives(t, f, want) })
			require.Equal(t, time.Duration(want)*time.Second, time.Since(start))
			want++
		}
		require.Equal(t, 4, want)
		for f := range AsCompleted(t.Context(), futures...) {
			require.Same(t, futures[0], f, "those that have ended come in their order")
			break
		}
		for range AsCompleted[int](t.Context()) {
			t.Fatal("there are none")
		}
		n := 0
		for range AsCompleted(t.Context(), futures[0], futures[0]) {
			n++
		}
		require.Equal(t, 2, n)
	})
}

// Futures that a shutdown cancels come too; the chapter's would be waited for for ever.
func TestAsCompletedYieldsTheCancelled(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		var futures []*Future[int]
		for i := range 5 {
			futures = append(futures, submit(t, t.Context(), p, after(time.Second, i)))
		}
		time.AfterFunc(1500*time.Millisecond, p.Close)
		results := make(map[error]int)
		takes(t, 2*time.Second, func() {
			for f := range AsCompleted(t.Context(), futures...) {
				_, err := f.Wait(t.Context())
				results[err]++
			}
		})
		require.Equal(t, map[error]int{nil: 2, ErrClosed: 3}, results)
	})
}

func TestAsCompletedEndsWithContext(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		futures := []*Future[int]{submit(t, t.Context(), p, after(time.Second, 1)), submit(t, t.Context(), p, after(time.Minute, 2))}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		n := 0
		takes(t, 2*time.Second, func() {
			for range AsCompleted(ctx, futures...) {
				n++
			}
			for range AsCompleted(ctx, futures...) {
				n++
			}
		})
		require.Equal(t, 1, n)
	})
}

func TestWaitAny(t *testing.T) {
	inBubble(t, 2, nil, func(t *testing.T, p *Pool) {
		long, short := submit(t, t.Context(), p, after(time.Minute, 1)), submit(t, t.Context(), p, after(time.Second, 2))
		takes(t, time.Second, func() {
			f, err := WaitAny(t.Context(), long, short)
			require.NoError(t, err)
			require.Same(t, short, f)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		takes(t, time.Second, func() {
			_, err := WaitAny(ctx, long)
			require.Equal(t, context.DeadlineExceeded, err)
			_, err = WaitAny(ctx, short)
			require.Equal(t, context.DeadlineExceeded, err, "it has ended")
		})
		for range 100 { // who stops waiting leaves nothing behind
			_, _ = WaitAny(t.Context(), long, short)
		}
		require.Empty(t, long.promise.then)
	})
}

func TestWaitAll(t *testing.T) {
	inBubble(t, 3, nil, func(t *testing.T, p *Pool) {
		one, three := submit(t, t.Context(), p, after(time.Second, 1)), submit(t, t.Context(), p, after(3*time.Second, 3))
		bad := submit(t, t.Context(), p, func(context.Context) (int, error) { time.Sleep(2 * time.Second); return 2, errTask })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+1)
		defer cancel()
		takes(t, time.Second+1, func() {
			v, err := WaitAll(ctx, one, bad, three)
			require.Equal(t, context.DeadlineExceeded, err)
			require.Nil(t, v)
		})
		takes(t, 2*time.Second-1, func() {
			v, err := WaitAll(t.Context(), three, bad, one)
			require.Equal(t, []int{3, 2, 1}, v)
			require.ErrorIs(t, err, errTask)
		})
		v, err := WaitAll(t.Context(), three, one)
		require.NoError(t, err)
		require.Equal(t, []int{3, 1}, v)
		_, err = WaitAll(ctx, one)
		require.Equal(t, context.DeadlineExceeded, err, "it has ended")
		_, err = WaitAll[int](ctx)
		require.Equal(t, context.DeadlineExceeded, err)
	})
}
