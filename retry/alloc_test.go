//go:build !race

package retry_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

func TestNoAllocationsOnSuccess(t *testing.T) {
	ctx := t.Context()
	succeed := func(context.Context) error { return nil }
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if retry.Do(ctx, retry.Policy{}, succeed) != nil {
			t.Error("succeeds")
		}
	}))
}
