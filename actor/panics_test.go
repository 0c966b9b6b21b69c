package actor

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgrammerErrorsPanic(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		for want, fn := range map[string]func(){
			"actor: Mailbox of 0":                       func() { Mailbox(0, Block) },
			"actor: Mailbox with policy 3":              func() { Mailbox(1, 3) },
			"actor: Restart 3":                          func() { Restart(3) },
			"actor: Redeliver -1 times":                 func() { Redeliver(-1) },
			"actor: Supervise with strategy 3":          func() { Supervise(3) },
			"actor: Intensity of -1 restarts within 1s": func() { Intensity(-1, time.Second) },
			"actor: Intensity of 1 restarts within 0s":  func() { Intensity(1, 0) },
			`actor: name "a/b" has a slash`:             func() { _, _ = Spawn(s, "a/b", performer) },
		} {
			require.PanicsWithValue(t, want, fn)
		}
		require.Zero(t, s.Stats().Spawned)
		ref := spawn(t, s, "", performer)
		for want, fn := range map[string]func(*Context[act]){
			"actor: Become nil": func(c *Context[act]) { c.Become(nil) },
			"actor: Every 0s":   func(c *Context[act]) { c.Every(0, nothing) },
		} {
			_, err := Ask(t.Context(), ref, func(Reply[int]) act {
				return func(c *Context[act]) error { fn(c); return nil }
			})
			var p *PanicError
			require.ErrorAs(t, err, &p)
			require.Equal(t, want, p.Value)
		}
	})
}

func TestOptionsPanic(t *testing.T) {
	for what, fn := range map[string]func(){
		"actor: Mailbox of 0":                       func() { Mailbox(0, Block) },
		"actor: Mailbox with policy 3":              func() { Mailbox(1, 3) },
		"actor: Restart 3":                          func() { Restart(3) },
		"actor: Redeliver -1 times":                 func() { Redeliver(-1) },
		"actor: Supervise with strategy 3":          func() { Supervise(3) },
		"actor: Intensity of -1 restarts within 1s": func() { Intensity(-1, time.Second) },
		"actor: Intensity of 1 restarts within 0s":  func() { Intensity(1, 0) },
		"actor: Spawn without a factory":            func() { _, _ = Spawn[act](NewSystem(), "", nil) },
		"actor: Fail with nil":                      func() { Reply[int]{question: &question[int]{}}.Fail(nil) },
		`actor: name "a/b" has a slash`:             func() { _, _ = Spawn(NewSystem(), "a/b", performer) },
	} {
		require.PanicsWithValue(t, what, fn)
	}
	require.True(t, errors.Is((&EscalatedError{Err: errTest}), errTest))
}
