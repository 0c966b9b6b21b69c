//go:build !race

package connpool_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoAllocationsWithAnIdleConnection(t *testing.T) {
	for _, cfg := range []config{{MaxConns: 2}, {MaxConns: 2, MinIdle: 1, MaxIdle: 1 << 40, MaxLifetime: 1 << 40}} {
		p := newPool(&server{}, cfg)
		ctx := t.Context()
		use := func() {
			if c, err := p.Acquire(ctx); err == nil {
				c.Release()
			}
		}
		use()
		require.Zero(t, testing.AllocsPerRun(100, use))
		require.NoError(t, p.Close(ctx))
	}
}
