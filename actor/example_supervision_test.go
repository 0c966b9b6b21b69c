package actor_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/interleave-go/interleave/actor"
	"github.com/interleave-go/interleave/retry"
)

// A client connects when it is started. While that fails it is started again after a pause,
// and what it was asked waits.
func ExampleBackoff() {
	ctx := context.Background()
	system := actor.NewSystem()
	defer system.Shutdown(ctx)
	attempts := 0
	ref, _ := actor.Spawn(system, "client",
		func() actor.Behavior[question] { return &client{attempts: &attempts} },
		actor.Backoff(retry.Policy{MaxAttempts: 5, BaseDelay: time.Millisecond, Jitter: retry.NoJitter}),
		actor.OnFailure(func(f actor.Failure) {
			fmt.Printf("%s: %v; it %s after %v\n", f.Actor.Path(), f.Err, f.Decision, f.Pause)
		}))
	fmt.Println(actor.Ask(ctx, ref, func(r actor.Reply[string]) question { return question{r} }))
	// Output:
	// client: connection refused; it restarts after 1ms
	// client: connection refused; it restarts after 2ms
	// connected
	// 42 <nil>
}

type client struct{ attempts *int }

type question struct{ answer actor.Reply[string] }

func (c *client) Started(*actor.Context[question]) error {
	if *c.attempts++; *c.attempts < 3 {
		return errors.New("connection refused")
	}
	fmt.Println("connected")
	return nil
}

func (c *client) Receive(_ *actor.Context[question], q question) error {
	q.answer.Send("42")
	return nil
}

// A manager watches its worker, and stops when that has.
func ExampleContext_Watch() {
	ctx := context.Background()
	system := actor.NewSystem()
	manager, _ := actor.Spawn(system, "manager", func() actor.Behavior[any] { return &manager{} })
	_ = manager.Tell(ctx, "work that fails")
	<-manager.Done()
	_ = system.Shutdown(ctx)
	// Output:
	// manager/worker has stopped: cannot do work that fails
}

type manager struct{ worker *actor.Ref[string] }

func (m *manager) Started(c *actor.Context[any]) (err error) {
	m.worker, err = actor.Spawn(c, "worker", func() actor.Behavior[string] {
		return actor.Func[string](func(_ *actor.Context[string], work string) error {
			return errors.New("cannot do " + work)
		})
	}, actor.Restart(actor.Temporary))
	if err == nil {
		c.Watch(m.worker, func(t actor.Terminated) any { return t })
	}
	return err
}

func (m *manager) Receive(c *actor.Context[any], msg any) error {
	switch msg := msg.(type) {
	case string:
		return m.worker.Tell(c, msg)
	case actor.Terminated:
		fmt.Printf("%s has stopped: %v\n", msg.Actor.Path(), msg.Err)
		c.Stop()
	}
	return nil
}

func ExampleOnUndelivered() {
	ctx := context.Background()
	system := actor.NewSystem(actor.OnUndelivered(func(u actor.Undelivered) {
		fmt.Printf("%s: %v: %v\n", u.To.Path(), u.Message, u.Reason)
	}))
	ref, _ := actor.Spawn(system, "worker", func() actor.Behavior[string] {
		return actor.Func[string](func(c *actor.Context[string], m string) error {
			_ = c.Self().Tell(c, "more of "+m)
			_ = c.Self().Kill(c) // does not wait for itself
			return nil
		})
	})
	_ = ref.Tell(ctx, "work")
	<-ref.Done()
	_ = system.Shutdown(ctx)
	// Output: worker: more of work: actor: stopped
}
