package actor

import (
	"context"
	"errors"
	"fmt"
	"testing"

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

		// One that has stopped is no error, and is forgotten.
		Subscribe(&topic, b, format)
		require.NoError(t, a.Stop(t.Context()))
		require.Equal(t, 1, topic.Len())
		require.NoError(t, topic.Publish(t.Context(), 3))
		require.Equal(t, []string{"b 3"}, j.take())
		require.Len(t, topic.list(), 1)
		require.NoError(t, b.Stop(t.Context()))
		c := subscriber("c", Mailbox(1, Block))
		Subscribe(&topic, c, format)
		require.Len(t, topic.list(), 1, "who subscribes has those forgotten that have stopped")

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
