package retry

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPause(t *testing.T) {
	err := errors.New("failed")
	p := Policy{BaseDelay: time.Second, MaxDelay: 3 * time.Second, Jitter: NoJitter}
	for i, want := range []time.Duration{time.Second, 2 * time.Second} {
		pause, again := p.Pause(err, i+1, 0)
		require.True(t, again)
		require.Equal(t, want, pause)
	}
	pause, again := p.Pause(err, 3, 0)
	require.False(t, again, "three attempts")
	require.Zero(t, pause)
	p.MaxAttempts = -1
	pause, again = p.Pause(err, 1000, 0)
	require.True(t, again)
	require.Equal(t, 3*time.Second, pause)

	_, again = p.Pause(Permanent(err), 1, 0)
	require.False(t, again)
	pause, again = p.Pause(After(err, 2500*time.Millisecond), 1, 0)
	require.True(t, again)
	require.Equal(t, 2500*time.Millisecond, pause)
	pause, again = p.Pause(After(err, time.Hour), 1, 0)
	require.True(t, again)
	require.Equal(t, 3*time.Second, pause, "cut")
	p.StrictAfter = true
	_, again = p.Pause(After(err, time.Hour), 1, 0)
	require.False(t, again)

	p.Retryable = func(other error) bool { return other != err }
	_, again = p.Pause(err, 1, 0)
	require.False(t, again)
	p = Policy{BaseDelay: -1}
	pause, again = p.Pause(err, 1, 0)
	require.True(t, again)
	require.Zero(t, pause)

	// The pause before counts.
	p = Policy{BaseDelay: time.Second, Jitter: DecorrelatedJitter, Rand: func(n int64) int64 { return n - 1 }}
	pause, _ = p.Pause(err, 2, 5*time.Second)
	require.Equal(t, 15*time.Second-1, pause)
	require.PanicsWithValue(t, "retry: negative MaxDelay", func() { Policy{MaxDelay: -1}.Pause(err, 1, 0) })
}
