package actor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTopic(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var topic Topic[int]
		require.NoError(t, topic.Publish(t.Context(), 0), "to nobody")
		var j journal
		subscriber := func(name string, opts ...Option) *Ref[string] {
			ref, err := Spawn(s, name, handler(func(_ *Context[string], m string) error {
				j.add("%s %s", name, m)
				return nil
			}), opts...)
			require.NoError(t, err)
			return ref
		}
		format := func(v int) string { return fmt.Sprint(v) }
		a, b := subscriber("a"), subscriber("b")
		Subscribe(&topic, a, format)
		unsubscribe := Subscribe(&topic, b, format)
		require.Equal(t, 2, topic.Len())
		for i := range 2 {
			require.NoError(t, topic.Publish(t.Context(), i))
		}
		require.ElementsMatch(t, []string{"a 0", "a 1", "b 0", "b 1"}, j.take())
		unsubscribe()
		unsubscribe()
		require.NoError(t, topic.TryPublish(2))
		require.Equal(t, []string{"a 2"}, j.take())
		Subscribe(&topic, a, func(v int) string { return "again" })()
		Subscribe(&topic, a, func(v int) string { return "twice" })
		require.NoError(t, topic.TryPublish(3))
		require.Equal(t, []string{"a 3", "a twice"}, j.take())

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, topic.Publish(ctx, 4), context.Canceled)
	})
}

func TestTopicWithFullSubscribers(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var topic Topic[act]
		same := func(a act) act { return a }
		full := func(name string, policy Policy) (*Ref[act], chan struct{}) {
			ref := spawn(t, s, name, performer, Mailbox(1, policy))
			release := block(t, ref)
			tell(t, ref, nothing)
			Subscribe(&topic, ref, same)
			return ref, release
		}
		_, first := full("first", Reject)
		second, release := full("second", Block)
		last := spawn(t, s, "last", performer)
		Subscribe(&topic, last, same)

		err := topic.TryPublish(nothing)
		require.ErrorIs(t, err, ErrFull)
		require.EqualError(t, err, "first: actor: mailbox full\nsecond: actor: mailbox full")
		require.EqualValues(t, 1, last.Stats().Accepted, "the others are told")

		ctx, cancel := context.WithCancel(t.Context())
		publish := background(func() (int, error) { return 0, topic.Publish(ctx, nothing) })
		require.False(t, publish.over(), "it waits for room")
		cancel()
		require.True(t, publish.over())
		require.Equal(t, context.Canceled, publish.err)
		require.EqualValues(t, 1, last.Stats().Accepted, "the others are not told any more")

		publish = background(func() (int, error) { return 0, topic.Publish(t.Context(), nothing) })
		require.False(t, publish.over())
		close(release)
		require.True(t, publish.over())
		require.True(t, errors.Is(publish.err, ErrFull), "the first one still rejects")
		require.EqualValues(t, 3, second.Stats().Accepted)
		close(first)
	})
}

func TestTopicForgetsWhoStops(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var topic Topic[act]
		same := func(a act) act { return a }
		a, b := spawn(t, s, "a", performer), spawn(t, s, "b", performer)
		Subscribe(&topic, a, same)
		unsubscribe := Subscribe(&topic, b, same)
		require.NoError(t, a.Stop(t.Context()))
		require.Equal(t, 1, topic.Len(), "when Stop returns")
		Subscribe(&topic, a, same)
		require.Equal(t, 1, topic.Len(), "it has stopped before")
		require.Equal(t, 1, b.actor.more.watchers.Len())
		unsubscribe()
		require.Zero(t, b.actor.more.watchers.Len(), "the actor forgets the topic")
		require.Zero(t, topic.Len())
		unsubscribe = Subscribe(&topic, b, same)
		require.NoError(t, topic.Publish(t.Context(), func(*Context[act]) error { return errTest }))
		require.NoError(t, topic.Publish(t.Context(), nothing))
		synctest.Wait()
		require.EqualValues(t, 2, b.Stats().Handled, "a restart is no reason")

		// One that has still to stop is told nothing, which is no error.
		release := block(t, b)
		stop := background(func() (int, error) { return 0, b.Stop(t.Context()) })
		require.False(t, stop.over())
		require.NoError(t, topic.Publish(t.Context(), nothing))
		require.Equal(t, 1, topic.Len())
		close(release)
		require.True(t, stop.over())
		require.Zero(t, topic.Len())
		unsubscribe()
	})
}

// What makes a message, and with it who publishes, can use the topic.
func TestTopicIsUsedWhilePublishing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var topic Topic[int]
		var unsubscribe func()
		first := spawn(t, s, "first", handler(func(*Context[int], int) error { return nil }))
		second := spawn(t, s, "second", handler(func(*Context[int], int) error { return nil }))
		unsubscribe = Subscribe(&topic, first, func(v int) int {
			unsubscribe()
			Subscribe(&topic, second, func(v int) int { return v })
			return topic.Len()
		})
		for v := range 3 {
			require.NoError(t, topic.Publish(t.Context(), v))
		}
		require.EqualValues(t, 1, first.Stats().Accepted)
		require.EqualValues(t, 2, second.Stats().Accepted, "from the next one on")
	})
}

func TestTopicInTwoBubbles(t *testing.T) {
	var topic Topic[int]
	for range 2 {
		inBubble(t, func(t *testing.T, s *System) {
			require.Zero(t, topic.Len())
			ref := spawn(t, s, "", handler(func(*Context[int], int) error { return nil }))
			Subscribe(&topic, ref, func(v int) int { return v })
			require.NoError(t, topic.Publish(t.Context(), 1))
			synctest.Wait()
			require.EqualValues(t, 1, ref.Stats().Handled)
		})
	}
}

// Who has subscribed before a value is published, and does not stop, gets it once, and those of
// one publisher in order, while others come and go.
func TestPublishWhileSubscribersComeAndGo(t *testing.T) {
	const publishers, values = 3, 1000
	s := NewSystem()
	var topic Topic[[2]int]
	same := func(v [2]int) [2]int { return v }
	listener := func(handled *[publishers]int, gaps bool) *Ref[[2]int] {
		return spawn(t, s, "", handler(func(_ *Context[[2]int], v [2]int) error {
			if next := handled[v[0]]; v[1] < next || v[1] > next && !gaps {
				t.Errorf("%v, when %d is next", v, next)
			}
			handled[v[0]] = v[1] + 1
			return nil
		}))
	}
	var all [publishers]int
	Subscribe(&topic, listener(&all, false), same)
	var wg sync.WaitGroup
	for publisher := range publishers {
		wg.Go(func() {
			for i := range values {
				if err := topic.Publish(t.Context(), [2]int{publisher, i}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 300 {
		ref := listener(new([publishers]int), true)
		unsubscribe := Subscribe(&topic, ref, same)
		runtime.Gosched()
		if i%2 == 0 {
			unsubscribe()
		}
		require.NoError(t, ref.Stop(t.Context()))
		require.Equal(t, 1, topic.Len())
	}
	wg.Wait()
	require.NoError(t, s.Shutdown(t.Context()))
	require.Equal(t, [publishers]int{values, values, values}, all)
	require.Zero(t, topic.Len())
}
