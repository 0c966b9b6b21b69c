package actor

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSecondReplyChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer)
		pending := askAct(t.Context(), ref, silent)
		require.False(t, pending.over())
		var kept Reply[int]
		v, err := Ask(t.Context(), ref, func(r Reply[int]) act {
			kept = r
			return func(*Context[act]) error {
				r.Send(1)
				r.Send(2)
				r.Fail(errTest)
				return nil
			}
		})
		require.NoError(t, err)
		require.Equal(t, 1, v)
		kept.Send(3)
		kept.Fail(errTest)
		Reply[int]{}.Send(4)
		Reply[int]{}.Fail(errTest)
		require.False(t, pending.over(), "another ask")

		require.NoError(t, ref.Stop(t.Context()))
		require.True(t, pending.over(), "another ask was lost sight of")
		require.Equal(t, ErrStopped, pending.err)
		kept.Send(5)
	})
}

// The race detector sees it if one of them changes what the asker has got.
func TestConcurrentReplies(t *testing.T) {
	s := NewSystem()
	ref := spawn(t, s, "", performer)
	for range 2000 {
		start := make(chan struct{})
		var replied sync.WaitGroup
		v, err := Ask(t.Context(), ref, func(r Reply[int]) act {
			for i := range 3 {
				replied.Go(func() {
					<-start
					r.Send(i + 1)
				})
			}
			return func(*Context[act]) error { close(start); return nil }
		})
		require.NoError(t, err)
		require.Contains(t, []int{1, 2, 3}, v)
		replied.Wait()
	}
	require.NoError(t, s.Shutdown(t.Context()))
}

// The message of an ask that was refused has a Reply as well.
func TestReplyToAnAskThatWasRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var kept []Reply[int]
		keep := func(r Reply[int]) act {
			kept = append(kept, r)
			return nothing
		}
		ref := spawn(t, s, "", performer, Mailbox(1, Block))
		pending := askAct(t.Context(), ref, silent)
		require.False(t, pending.over())
		release := block(t, ref)
		tell(t, ref, nothing)
		ctx, cancel := context.WithCancel(t.Context())
		blocked := askAct(ctx, ref, keep)
		require.False(t, blocked.over())
		cancel()
		require.True(t, blocked.over())
		require.Equal(t, context.Canceled, blocked.err)

		full := spawn(t, s, "", performer, Mailbox(1, Reject))
		releaseFull := block(t, full)
		tell(t, full, nothing)
		_, err := Ask(t.Context(), full, keep)
		require.Equal(t, ErrFull, err)

		stopped := spawn(t, s, "", performer)
		require.NoError(t, stopped.Kill(t.Context()))
		_, err = Ask(t.Context(), stopped, keep)
		require.Equal(t, ErrStopped, err)

		require.Len(t, kept, 3)
		for _, r := range kept {
			r.Send(1)
			r.Fail(errTest)
		}
		close(release)
		close(releaseFull)
		require.False(t, pending.over())
		require.NoError(t, ref.Stop(t.Context()))
		require.True(t, pending.over(), "the replies have cut it off")
		require.Equal(t, ErrStopped, pending.err)
	})
}

// An ask can be answered before its message is even in the mailbox.
func TestReplyBeforeTheMessageIsHandled(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Mailbox(1, Block))
		release := block(t, ref)
		tell(t, ref, nothing)
		var kept Reply[int]
		ask := askAct(t.Context(), ref, func(r Reply[int]) act {
			kept = r
			return j.note("handled")
		})
		require.False(t, ask.over())
		kept.Send(9)
		require.False(t, ask.over(), "its message waits for room")
		close(release)
		require.True(t, ask.over())
		require.NoError(t, ask.err)
		require.Equal(t, 9, ask.value)
		require.Equal(t, []string{"handled"}, j.take(), "only who asks can withdraw it")
		require.Equal(t, Stats{Accepted: 3, Handled: 3}, ref.Stats())
	}, j.hooks())
}

func TestReplyThatWasPassedOn(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		back := spawn(t, s, "back", performer)
		front := spawn(t, s, "front", performer)
		v, err := Ask(t.Context(), front, func(r Reply[int]) act {
			return func(c *Context[act]) error {
				return back.Tell(c, func(*Context[act]) error { r.Send(5); return nil })
			}
		})
		require.NoError(t, err)
		require.Equal(t, 5, v)
	})
}
