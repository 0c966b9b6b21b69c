package actor

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// lockSensor is a context that notices when one of its methods is called while an actor is
// locked.
type lockSensor struct {
	context.Context
	locked func() bool
	found  bool
}

func (c *lockSensor) look() {
	if c.locked() {
		c.found = true
	}
}

func (c *lockSensor) Done() <-chan struct{} { c.look(); return c.Context.Done() }
func (c *lockSensor) Err() error            { c.look(); return c.Context.Err() }
func (c *lockSensor) Value(key any) any     { c.look(); return c.Context.Value(key) }

func TestAsk(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		v, err := Ask(t.Context(), ref, replies(7))
		require.NoError(t, err)
		require.Equal(t, 7, v)

		_, err = Ask(t.Context(), ref, func(r Reply[int]) act {
			return func(*Context[act]) error { r.Fail(errTest); return nil }
		})
		require.Equal(t, errTest, err, "it is the reply, no failure of the actor")

		later := askAct(t.Context(), ref, func(r Reply[int]) act {
			return func(*Context[act]) error {
				go func() {
					time.Sleep(time.Second)
					r.Send(8)
				}()
				return nil
			}
		})
		require.False(t, later.over())
		time.Sleep(time.Second)
		require.True(t, later.over(), "a reply can come from any goroutine")
		require.NoError(t, later.err)
		require.Equal(t, 8, later.value)
		require.Equal(t, Stats{Accepted: 3, Handled: 3}, ref.Stats())
	})
}

func TestAskWithAnEndedContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := Ask(ctx, ref, func(Reply[int]) act { t.Error("called"); return nil })
		require.Equal(t, context.Canceled, err)
		require.Equal(t, context.Canceled, ref.Tell(ctx, nil))
		require.Zero(t, ref.Stats())
	})
}

func TestCancelledAskIsSkippedAndReported(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		release := block(t, ref)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ask := askAct(ctx, ref, func(Reply[int]) act { return j.note("handled") })
		require.False(t, ask.over())
		tell(t, ref, j.note("next"))
		time.Sleep(time.Second)
		require.True(t, ask.over())
		require.Equal(t, context.DeadlineExceeded, ask.err)
		require.EqualValues(t, 3, ref.Stats().Waiting, "until its turn comes")
		close(release)
		require.Equal(t, []string{"a has not got a message: context deadline exceeded", "next"}, j.take())
		require.Equal(t, Stats{Accepted: 3, Handled: 2, Undelivered: 1}, ref.Stats())
	}, j.hooks())
}

func TestCancelledAskThatIsBeingHandled(t *testing.T) {
	var j journal
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "a", performer)
		ctx, cancel := context.WithCancel(t.Context())
		ask := askAct(ctx, ref, func(r Reply[int]) act {
			return func(*Context[act]) error {
				time.Sleep(time.Second)
				r.Send(1)
				j.add("handled")
				return nil
			}
		})
		require.False(t, ask.over())
		cancel()
		require.True(t, ask.over(), "it does not wait for the actor")
		require.Equal(t, context.Canceled, ask.err)
		time.Sleep(time.Second)
		require.Equal(t, []string{"handled"}, j.take(), "a late reply goes nowhere")
		require.Equal(t, Stats{Accepted: 1, Handled: 1}, ref.Stats())
	}, j.hooks())
}

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

// Asks of an actor, whose own lock is taken by the methods of its context.
func TestNoMethodOfAContextIsCalledWithALockHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer, Mailbox(1, Block))
		ctx, cancel := context.WithCancel(t.Context())
		sensor := &lockSensor{Context: ctx, locked: func() bool {
			for range 1_000_000 { // another goroutine may have it for a moment, or be held up in it
				if ref.actor.mu.TryLock() {
					ref.actor.mu.Unlock()
					return false
				}
				runtime.Gosched()
			}
			return true
		}}
		release := block(t, ref)
		waits := askAct(sensor, ref, silent)
		require.False(t, waits.over())
		blocked := askAct(sensor, ref, silent)
		require.False(t, blocked.over())
		told := tellLater(sensor, ref, nothing)
		require.False(t, told.over())
		stops := background(func() (int, error) { return 0, ref.Stop(sensor) })
		require.False(t, stops.over())
		cancel()
		require.True(t, waits.over())
		require.True(t, blocked.over())
		require.True(t, told.over())
		require.True(t, stops.over())
		require.False(t, sensor.found)
		close(release)
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
