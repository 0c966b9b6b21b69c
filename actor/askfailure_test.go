package actor

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestPendingAsksFail(t *testing.T) {
	kill := func(s *System, ref *Ref[act]) error { return ref.Kill(context.Background()) }
	for name, test := range map[string]struct {
		end         func(*System, *Ref[act]) error
		taken, left error // of asks that the actor has begun to handle, or not
	}{
		"stop": {func(_ *System, ref *Ref[act]) error {
			return ref.Stop(context.Background())
		}, ErrStopped, nil},
		"kill": {kill, ErrStopped, ErrStopped},
		"shutdown": {func(s *System, _ *Ref[act]) error {
			return s.Shutdown(context.Background())
		}, ErrStopped, nil},
		"failure": {func(_ *System, ref *Ref[act]) error {
			return ref.Tell(context.Background(), func(*Context[act]) error { return errTest })
		}, ErrRestarted, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				ref := spawn(t, s, "", performer)
				taken := askAct(t.Context(), ref, silent)
				require.False(t, taken.over())
				release := block(t, ref)
				end := background(func() (int, error) { return 0, test.end(s, ref) })
				if name != "failure" {
					require.False(t, end.over())
				}
				left := askAct(t.Context(), ref, replies(1)) // too late for all but the restart
				early := left.over()
				require.Equal(t, name != "failure", early)
				close(release)
				require.True(t, end.over())
				require.NoError(t, end.err)
				require.True(t, taken.over())
				require.Equal(t, test.taken, taken.err)
				require.True(t, left.over())
				if early {
					require.Equal(t, ErrStopped, left.err)
				} else {
					require.NoError(t, left.err, "the restart leaves the mailbox alone")
				}
			})
		})
	}
}

func TestAsksInTheMailbox(t *testing.T) {
	for _, kill := range []bool{false, true} {
		var j journal
		inBubble(t, func(t *testing.T, s *System) {
			ref := spawn(t, s, "a", performer)
			release := block(t, ref)
			ask := askAct(t.Context(), ref, replies(1))
			require.False(t, ask.over())
			end := background(func() (int, error) {
				if kill {
					return 0, ref.Kill(t.Context())
				}
				return 0, ref.Stop(t.Context())
			})
			require.False(t, end.over())
			close(release)
			require.True(t, end.over())
			require.NoError(t, end.err)
			require.True(t, ask.over())
			if kill {
				require.Equal(t, ErrStopped, ask.err)
				require.Equal(t, []string{"a has not got a message: actor: stopped"}, j.take())
			} else {
				require.NoError(t, ask.err, "Stop handles what was accepted")
				require.Empty(t, j.take())
			}
		}, j.hooks())
	}
}

// What is left in the mailbox of a killed actor says why it is not handled.
func TestKillReportsCancelledAsksAsSuch(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		release := block(t, ref)
		ctx, cancel := context.WithCancel(t.Context())
		ask := askAct(ctx, ref, silent)
		require.False(t, ask.over())
		cancel()
		require.True(t, ask.over())
		tell(t, ref, nothing)
		killed := background(func() (int, error) { return 0, ref.Kill(t.Context()) })
		require.False(t, killed.over())
		close(release)
		require.Equal(t, []string{"a has not got a message: context canceled", "a has not got a message: actor: stopped"}, j.take())
	}, j.hooks())
}

func TestAskFailsWithTheFailureOfItsMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer)
		fail := func(how func() error) error {
			_, err := Ask(t.Context(), ref, func(Reply[int]) act {
				return func(*Context[act]) error { return how() }
			})
			return err
		}
		require.Equal(t, errTest, fail(func() error { return errTest }))
		require.Equal(t, ErrGoexit, fail(func() error { runtime.Goexit(); return nil }))
		var p *PanicError
		require.ErrorAs(t, fail(func() error { panic("ouch") }), &p)
		require.Equal(t, "ouch", p.Value)
		require.Contains(t, string(p.Stack), "TestAskFailsWithTheFailureOfItsMessage")
		require.ErrorIs(t, fail(func() error { panic(errTest) }), errTest)

		v, err := Ask(t.Context(), ref, func(r Reply[int]) act {
			return func(*Context[act]) error { r.Send(3); return errTest }
		})
		require.NoError(t, err, "the reply was first")
		require.Equal(t, 3, v)
		require.Equal(t, Stats{Accepted: 5, Handled: 5}, ref.Stats())
	})
}

func TestAskEndsWithTheActorThatAsks(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		a, b := spawn(t, s, "a", performer), spawn(t, s, "b", performer)
		var err error
		tell(t, a, func(c *Context[act]) error {
			_, err = Ask(c, b, silent)
			return nil
		})
		synctest.Wait()
		require.NoError(t, err)
		require.NoError(t, a.Kill(t.Context()))
		require.Equal(t, context.Canceled, err)
	})
}
