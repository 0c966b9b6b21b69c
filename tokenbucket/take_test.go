package tokenbucket_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

func TestWaitersAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 4)
		require.True(t, b.TryTake(4))
		start := time.Now()
		order := make(chan string, 2)
		take := func(name string, n int) {
			go func() {
				require.NoError(t, b.Take(t.Context(), n))
				order <- fmt.Sprint(name, " ", time.Since(start))
			}()
			synctest.Wait()
		}
		take("large", 4)
		take("small", 1)
		time.Sleep(2 * time.Second)
		require.False(t, b.TryTake(1), "two tokens are there, but others wait for their turn")
		require.Equal(t, "large 4s", <-order)
		require.Equal(t, "small 5s", <-order)
	})
}

func TestCancellingTheHeadServesThoseWhoFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 4)
		require.True(t, b.TryTake(4))
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2500*time.Millisecond, cancel)
		go b.Take(ctx, 4)
		synctest.Wait()
		for range 2 {
			go func() { require.NoError(t, b.Take(t.Context(), 1)) }()
			synctest.Wait()
		}
		require.NoError(t, b.Take(t.Context(), 1))
		require.Equal(t, 3*time.Second, time.Since(start), "two at 2.5s, this one when the next token comes")
	})
}

func TestFailedTakesConsumeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 2)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, b.Take(ctx, 1), context.Canceled)
		require.ErrorIs(t, b.Take(t.Context(), 3), tokenbucket.ErrTooLarge)
		require.False(t, b.TryTake(3))
		require.EqualValues(t, 2, b.Tokens())

		require.True(t, b.TryTake(2))
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		require.ErrorIs(t, b.Take(ctx, 2), context.Canceled)
		require.EqualValues(t, 1, b.Tokens())
	})
}

func TestTakeThatCannotMeetItsDeadlineFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 3, tokenbucket.Initial(0))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err := b.Take(ctx, 2)
		require.Zero(t, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var late *tokenbucket.DeadlineError
		require.ErrorAs(t, err, &late)
		require.Equal(t, start.Add(2*time.Second), late.RetryAt, "which is not before the deadline")
		require.Contains(t, err.Error(), "2000-01-01T00:00:02Z")
		require.Zero(t, b.Tokens())
		require.NoError(t, b.Take(ctx, 1), "nothing was taken")
		require.Equal(t, time.Second, time.Since(start))

		// Those ahead count.
		go b.Take(t.Context(), 3)
		synctest.Wait()
		ctx, cancel = context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		require.ErrorAs(t, b.Take(ctx, 1), &late)
		require.Equal(t, start.Add(5*time.Second), late.RetryAt)
	})
}

// One that was cancelled and has not woken yet is in nobody's way.
func TestDeadlineBehindOneThatWasCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 3, tokenbucket.Initial(0))
		doomed, cancel := context.WithCancel(t.Context())
		for range 2 {
			go b.Take(doomed, 3)
		}
		go func() { require.NoError(t, b.Take(t.Context(), 1)) }()
		synctest.Wait()
		start := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		cancel()
		require.NoError(t, b.Take(ctx, 1))
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestInitial(t *testing.T) {
	for n, want := range map[int]float64{0: 0, 2: 2, 9: 3} {
		require.InDelta(t, want, tokenbucket.New(1e-3, 3, tokenbucket.Initial(n)).Tokens(), 0.1)
	}
}

// One that was cancelled counts no more once anybody looks, whether or not its
// goroutine has run since.
func TestCancelledAndNotYetWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 3, tokenbucket.Initial(0))
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 2)
			for range 2 {
				go func() { result <- b.Take(ctx, 3) }()
			}
			synctest.Wait()
			time.Sleep(2 * time.Second)
			require.False(t, b.TryTake(2))
			cancel()
			require.Equal(t, tokenbucket.Stats{Rate: 1, Burst: 3, Tokens: 2}, b.Stats())
			require.True(t, b.TryTake(2))
			require.ErrorIs(t, <-result, context.Canceled)
			require.ErrorIs(t, <-result, context.Canceled)
		}
	})
}

// endsSoon is a context that has ended when it is asked the second time.
type endsSoon struct {
	context.Context
	asked atomic.Bool
}

var errEnded = errors.New("ended")

func (c *endsSoon) Err() error {
	if c.asked.Swap(true) {
		return errEnded
	}
	return nil
}

func (c *endsSoon) Done() <-chan struct{} {
	done := make(chan struct{})
	if c.asked.Load() {
		close(done)
	}
	return done
}

func TestContextThatEndsBeforeTheCallParks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 1)
		require.True(t, b.TryTake(1))
		require.ErrorIs(t, b.Take(&endsSoon{Context: context.Background()}, 1), errEnded)
		time.Sleep(time.Second)
		require.EqualValues(t, 1, b.Tokens())
	})
}
