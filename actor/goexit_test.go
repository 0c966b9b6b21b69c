package actor

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Hooks that end the goroutine that calls them, as require does, hold nothing up.
func TestGoexitInHooks(t *testing.T) {
	for _, lifetime := range []Lifetime{Transient, Temporary} {
		var j journal
		inBubble(t, func(t *testing.T, s *System) {
			ref := spawn(t, s, "a", func() Behavior[act] { return &panicsAtTheEnd{} }, Restart(lifetime))
			release := block(t, ref)
			ctx, cancel := context.WithCancel(t.Context())
			cancelled := askAct(ctx, ref, silent)
			require.False(t, cancelled.over())
			cancel()
			require.True(t, cancelled.over())
			tell(t, ref, func(*Context[act]) error { return errTest }, stashes(nothing), stashes(nothing))
			ask := askAct(t.Context(), ref, replies(1))
			require.False(t, ask.over())
			close(release)
			require.True(t, ask.over())
			require.NoError(t, ref.Stop(t.Context()))
			stopping, stopped := "a failed: panic stopping; ignores", "a failed: panic stopped; ignores"
			missed := "a has not got a message: actor: stopped"
			if lifetime == Temporary {
				require.Equal(t, ErrStopped, ask.err)
				require.Equal(t, []string{"a has not got a message: context canceled", stopping,
					"a failed: test failure; stops", missed, missed, missed, stopped}, j.take())
			} else {
				require.NoError(t, ask.err)
				require.Equal(t, []string{"a has not got a message: context canceled", stopping,
					"a failed: test failure; restarts", stopping, missed, missed, stopped}, j.take())
			}
			require.Zero(t, ref.Stats().Waiting)
		}, func(c *config) {
			j.hooks()(c)
			failure, undelivered := c.onFailure, c.onUndelivered
			c.onFailure = func(f Failure) { failure(f); runtime.Goexit() }
			c.onUndelivered = func(u Undelivered) { undelivered(u); runtime.Goexit() }
		})
	}
}

// panicsAtTheEnd fails at each end.
type panicsAtTheEnd struct{}

func (*panicsAtTheEnd) Receive(c *Context[act], m act) error { return m(c) }
func (*panicsAtTheEnd) Stopping(*Context[act], error)        { panic("stopping") }
func (*panicsAtTheEnd) Stopped(*Context[act], error)         { panic("stopped") }

// With DropOldest it is the goroutine of the sender, whose message was accepted.
func TestGoexitInAHookCalledByASender(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Mailbox(1, DropOldest))
		release := block(t, ref)
		tell(t, ref, nothing)
		returned := false
		told := background(func() (int, error) {
			defer func() { returned = recover() == nil }()
			return 0, ref.Tell(t.Context(), nothing)
		})
		require.True(t, told.over())
		require.True(t, returned)
		close(release)
		require.NoError(t, ref.Stop(t.Context()))
		require.Equal(t, Stats{Accepted: 3, Handled: 2, Undelivered: 1}, ref.Stats())
	}, OnUndelivered(func(Undelivered) { runtime.Goexit() }))
}
