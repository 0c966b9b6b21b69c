package connpool

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An idle connection expires in the moment that it is asked for: the alarm has
// not rung yet.
func TestExpiredConnectionIsClosedInsteadOfLent(t *testing.T) {
	dials := 0
	var closed []int
	p := New(func(context.Context) (int, error) {
		dials++
		return dials, nil
	}, Config[int]{MaxConns: 1, MaxLifetime: time.Hour, Close: func(n int) { closed = append(closed, n) }})
	c, err := p.Acquire(t.Context())
	require.NoError(t, err)
	c.Release()
	p.mu.Lock()
	p.idle[0].expires, p.idle[0].freshUntil = p.now, p.now
	p.mu.Unlock()
	c, err = p.Acquire(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, c.Value())
	require.Equal(t, []int{1}, closed)
	c.Release()
	require.NoError(t, p.Close(t.Context()))
}
