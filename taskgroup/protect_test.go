package taskgroup

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// In Crash mode the panic goes on, and the task is not taken to have ended: what it
// would lead to is the end of the process, see TestCrash.
func TestCrashDoesNotRecover(t *testing.T) {
	task := &task{group: &Group{config: config{onPanic: Crash}}, fn: func(context.Context) error { panic("the end") }}
	require.PanicsWithValue(t, "the end", func() { _, _ = task.call() })
	require.False(t, task.ended())
}
