package procpool

import (
	"bufio"
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A timer, or the end of a context, can come after what it is for.
func TestInterruptThatComesTooLate(t *testing.T) {
	for name, state := range map[string]struct{ current, upTo, id uint64 }{
		"nothing runs":        {0, 0, 5},
		"a later task runs":   {6, 0, 5},
		"it has been ended":   {5, 5, 5},
		"all have been ended": {5, 9, 7},
	} {
		set := defaults()
		c := newProcess(&set)
		c.current, c.upTo = state.current, state.upTo
		c.interrupt(state.id, context.Canceled)
		require.Nil(t, c.grace, name)
		require.Zero(t, c.owed, name)
		require.NoError(t, c.cause, name)
		require.Equal(t, state.upTo, c.upTo, name)
		c.killUpTo(4)
		require.False(t, c.killed, name)
	}
}

// A worker is told how much time is left. 0 would be without end.
func TestTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		for in, want := range map[time.Duration]time.Duration{time.Hour: time.Hour, 0: -1, -time.Second: -time.Second} {
			set := defaults()
			c := newProcess(&set)
			ctx, cancel := context.WithDeadline(t.Context(), start.Add(in))
			defer cancel()
			_, err := c.encode(ctx, &single[int, int]{name: "double"}, 0, 1)
			require.NoError(t, err)
			f, err := readFrame(bufio.NewReader(bytes.NewReader(c.enc.out)), nil)
			require.NoError(t, err)
			require.Equal(t, int64(want), f.a)
		}
	})
}
