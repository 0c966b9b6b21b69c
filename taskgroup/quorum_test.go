package taskgroup_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

// wins returns a function that returns v after d, also if its context ends before.
func wins(d time.Duration, v int) fn {
	return func(context.Context) (int, error) {
		time.Sleep(d)
		return v, nil
	}
}

func TestRaceReturnsTheFirstSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		loserEnded := false
		v, err := taskgroup.Race(t.Context(),
			fails(time.Millisecond, errBoom), // does not decide it
			wins(time.Second, 7),
			func(ctx context.Context) (int, error) {
				<-ctx.Done()
				time.Sleep(time.Second)
				loserEnded = true
				return 8, nil
			})
		require.NoError(t, err)
		require.Equal(t, 7, v)
		require.True(t, loserEnded)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestRaceThatAllLose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, err := taskgroup.Race(t.Context(), fails(3, io.ErrShortWrite), fails(1, errBoom),
			func(context.Context) (int, error) {
				time.Sleep(2 * time.Nanosecond)
				runtime.Goexit()
				return 1, nil
			})
		require.Zero(t, v)
		require.Equal(t, []error{errBoom, taskgroup.ErrGoexit, io.ErrShortWrite}, err.(interface{ Unwrap() []error }).Unwrap())
	})
}

func TestRaceOfAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := taskgroup.Race(ctx, wins(0, 1))
	require.Equal(t, context.Canceled, err)
}

func TestContextEndsDuringRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := taskgroup.Race(ctx, fails(time.Hour, nil), fails(time.Hour, nil), fails(time.Millisecond, errBoom))
		require.EqualError(t, err, "boom\ncontext deadline exceeded")
	})
}

func TestQuorumTakesTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		vs, err := taskgroup.Quorum(t.Context(), 2, wins(3*time.Second, 3), fails(0, errBoom), wins(2*time.Second, 2), wins(time.Second, 1))
		require.NoError(t, err)
		require.Equal(t, []int{1, 2}, vs)
		require.Equal(t, 3*time.Second, time.Since(start), "what succeeds later is awaited and dropped")
	})
}

// As soon as there cannot be enough successes the rest is cancelled; the failure that
// decided it comes before what the others say of that.
func TestQuorumThatIsImpossible(t *testing.T) {
	for range 200 / slowdown {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			obey := func(ctx context.Context) (int, error) { return 0, untilCancelled(ctx) }
			vs, err := taskgroup.Quorum(t.Context(), 4, obey, obey, fails(time.Second, errBoom), wins(0, 1))
			require.Nil(t, vs)
			require.Equal(t, errBoom, err)
			require.Equal(t, time.Second, time.Since(start))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cleanUp := func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, io.ErrShortWrite
		}
		_, err := taskgroup.Quorum(t.Context(), 2, cleanUp, fails(2*time.Second, errors.New("second")), fails(time.Second, errBoom))
		require.EqualError(t, err, "boom\nsecond\nshort write")
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestQuorumOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vs, err := taskgroup.Quorum(t.Context(), 2, wins(2, 2), wins(1, 1))
		require.NoError(t, err)
		require.Equal(t, []int{1, 2}, vs)
	})
}

func TestQuorumMisuse(t *testing.T) {
	require.PanicsWithValue(t, "taskgroup: Quorum of 1 among 0", func() { _, _ = taskgroup.Race[int](t.Context()) })
	require.PanicsWithValue(t, "taskgroup: Quorum of 0 among 1", func() { _, _ = taskgroup.Quorum(t.Context(), 0, wins(0, 1)) })
	require.PanicsWithValue(t, "taskgroup: Quorum of 2 among 1", func() { _, _ = taskgroup.Quorum(t.Context(), 2, wins(0, 1)) })
}
