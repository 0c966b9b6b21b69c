//go:build !race

package barrier_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/barrier"
)

func TestNoAllocationsWithoutWaiting(t *testing.T) {
	ctx := t.Context()
	one, latch, phaser := barrier.New(1), barrier.NewLatch(1), barrier.NewPhaser(1)
	var event barrier.Event
	event.Set()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := one.Wait(ctx); err != nil {
			t.Error(err)
		}
		if event.Wait(ctx) != nil || !event.IsSet() {
			t.Error("not set")
		}
		event.Clear()
		event.Set()
		latch.CountDown()
		if latch.Wait(ctx) != nil {
			t.Error("shut")
		}
		if phase := phaser.Phase(); phaser.Arrive() != phase || phaser.Phase() != phase+1 {
			t.Error("no new phase")
		}
	}))
}
