package actor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBlockedSendersAreServedInOrder(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer, Mailbox(2, Block))
		release := block(t, ref)
		tell(t, ref, j.note("a"), j.note("b"))
		require.Equal(t, ErrFull, ref.TryTell(nothing))
		c := tellLater(t.Context(), ref, j.note("c"))
		require.False(t, c.over())
		ctx, cancel := context.WithCancel(t.Context())
		d := tellLater(ctx, ref, j.note("d"))
		require.False(t, d.over())
		e := askAct(t.Context(), ref, func(r Reply[int]) act {
			return func(*Context[act]) error { j.add("e"); r.Send(5); return nil }
		})
		require.False(t, e.over())
		f := tellLater(t.Context(), ref, j.note("f"))
		require.False(t, f.over())
		cancel()
		require.True(t, d.over())
		require.Equal(t, context.Canceled, d.err)
		require.EqualValues(t, 3, ref.Stats().Accepted, "it has left nothing")
		close(release)
		require.True(t, c.over())
		require.True(t, e.over(), "it has barred nobody")
		require.Equal(t, 5, e.value)
		require.True(t, f.over())
		require.Equal(t, []string{"a", "b", "c", "e", "f"}, j.take())
	})
}

func TestBlockedSendersFailWhenTheActorEnds(t *testing.T) {
	for name, end := range map[string]func(context.Context, *System, *Ref[act]) error{
		"stop":     func(ctx context.Context, _ *System, ref *Ref[act]) error { return ref.Stop(ctx) },
		"kill":     func(ctx context.Context, _ *System, ref *Ref[act]) error { return ref.Kill(ctx) },
		"shutdown": func(ctx context.Context, s *System, _ *Ref[act]) error { return s.Shutdown(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				ref := spawn(t, s, "", performer, Mailbox(1, Block))
				release := block(t, ref)
				tell(t, ref, nothing)
				ctx, cancel := context.WithCancel(t.Context())
				sends := []*outcome{
					tellLater(t.Context(), ref, nothing),
					askAct(t.Context(), ref, silent),
					tellLater(ctx, ref, nothing),
				}
				for _, send := range sends {
					require.False(t, send.over())
				}
				if name == "shutdown" {
					cancel()
				}
				ending := background(func() (int, error) { return 0, end(t.Context(), s, ref) })
				require.False(t, ending.over())
				for _, send := range sends[:2] {
					require.True(t, send.over(), "they need not wait for the end")
					require.Equal(t, ErrStopped, send.err)
				}
				require.True(t, sends[2].over())
				require.Error(t, sends[2].err)
				cancel()
				close(release)
				require.True(t, ending.over())
				require.NoError(t, ending.err)
			})
		})
	}
}

// One that fails goes on with what it has, and admits those who wait.
func TestBlockedSendersOutliveRestarts(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer, Mailbox(1, Block))
		release := make(chan struct{})
		tell(t, ref, func(*Context[act]) error {
			<-release
			return errTest
		})
		synctest.Wait()
		tell(t, ref, j.note("1"))
		blocked := tellLater(t.Context(), ref, j.note("2"))
		require.False(t, blocked.over())
		close(release)
		require.True(t, blocked.over())
		require.NoError(t, blocked.err)
		require.Equal(t, []string{"a failed: test failure; restarts", "1", "2"}, j.take())
	}, j.hooks())
}

func TestTellEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer, Mailbox(1, Block))
		release := block(t, ref)
		tell(t, ref, nothing)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		require.Equal(t, context.DeadlineExceeded, ref.Tell(ctx, nothing))
		require.Equal(t, time.Second, time.Since(start))
		close(release)
		synctest.Wait()
		require.Equal(t, Stats{Accepted: 2, Handled: 2}, ref.Stats())
	})
}
