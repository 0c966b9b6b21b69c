//go:build !race

package boundedbuf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/boundedbuf"
)

func TestNoAllocationsWithoutWaiting(t *testing.T) {
	buf := boundedbuf.New[int](4)
	ctx := t.Context()
	batch := make([]int, 2)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		buf.Put(ctx, 1)
		buf.PutAll(ctx, batch)
		buf.Get(ctx)
		if n, err := buf.GetBatch(ctx, batch); n != 2 || err != nil {
			t.Error(n, err)
		}
	}))
}
