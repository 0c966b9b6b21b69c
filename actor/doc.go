// Package actor has typed actors: state that only one goroutine at a time can touch, reached
// by messages, restarted when it fails.
//
// # The problem
//
// An actor is a goroutine with a channel, until it fails: then somebody has to notice, start
// it again with fresh state, and know what became of the messages; and somebody has to stop it
// in the end, after those that it has started, without losing what is still in its channel.
// That is what Erlang's supervisors are for (Armstrong, "Making reliable distributed systems
// in the presence of software errors", 2003), with Go's types and contexts:
//
//   - [Spawn] starts an actor from a factory of its [Behavior], under a [System] or another
//     actor, and returns a [Ref]. [Ref.Tell] sends a message, [Ask] also waits for the reply.
//   - A panic or an error fails the actor. It is restarted with a new behavior and goes on with
//     its next message; see [Supervise], [Restart], [Backoff] and [Intensity] for all else.
//   - [Ref.Stop] handles what was accepted, [Ref.Kill] does not. Children stop before their
//     parent, and nothing outlives [System.Shutdown].
//
// An actor that has nothing to do is about 250 bytes and no goroutine.
//
// # The life of an actor
//
//	Spawn
//	  │
//	  ▼
//	factory ──▶ Started ──▶ Receive, Receive ... ──Stop, Kill──▶ Stopping ──▶ children stop ──▶ Stopped
//	  ▲            │                │                                                              ▲
//	  │          fails            fails                                                            │
//	  │            │                ▼                                                              │
//	  │            │            Stopping                                                           │
//	  │            ▼                ▼                                                              │
//	  │            └─────▶ children stop ──not restarted any more──────────────────────────────────┘
//	  │                         │
//	  └────────pause────────restarted
//
// What lives between two restarts is an incarnation. Timers, watches, pipes and children belong
// to it and end with it. The mailbox, the name, the place among the siblings and the Ref belong
// to the actor and stay.
//
// The message that an actor has failed on is not handled again, unless [Redeliver] says so; those
// behind it are. Each message that was accepted is handled or reported to [OnUndelivered].
//
// # When not to use it
//
// State that is touched for a moment is better off with a mutex: Tell costs about as much as
// sending to a channel, a lock a quarter of that. For work that needs no state there is workerpool,
// for calls that belong together taskgroup. Actors of other processes cannot be reached.
//
// # Concurrency properties
//
// Methods of Ref and System, Spawn, Lookup, Ask and Reply can be used by any number of
// goroutines; those of a Context only by the behavior that it was given to. Tell synchronizes
// before the Receive of its message, and each call of a behavior before the next one. Messages
// of one goroutine to one actor are handled in order; those of several are in the order in which
// they were accepted. A message that another one was told after, directly or over other actors,
// can come later than that one.
//
// An actor runs on a goroutine that is started for its first message and ends when it has none;
// after 256 messages others get their turn, if they want the processor. To an actor that has 256
// waiting, Tell yields as well, without waiting for it. A bounded mailbox admits those who wait
// for room in order.
//
// Ask takes one allocation, and a second one if it parks; Tell takes none once the mailbox has
// grown. No hook and no method of a behavior is called with a lock held. It works in
// testing/synctest bubbles; see actortest.
//
// # Example
//
//	type counter struct{ total int }
//
//	type add struct {
//		n     int
//		total actor.Reply[int] // if it is asked for
//	}
//
//	func (c *counter) Receive(_ *actor.Context[add], m add) error {
//		c.total += m.n
//		m.total.Send(c.total)
//		return nil
//	}
//
//	system := actor.NewSystem()
//	defer system.Shutdown(ctx)
//	ref, err := actor.Spawn(system, "counter", func() actor.Behavior[add] { return &counter{} })
//	...
//	err = ref.Tell(ctx, add{n: 2})
//	total, err := actor.Ask(ctx, ref, func(r actor.Reply[int]) add { return add{1, r} }) // 3
package actor
