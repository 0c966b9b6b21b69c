package actor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/interleave-go/interleave/actor"
)

// A counter is told what to add, and asked for what there is.
type counter struct{ total int }

type add struct{ n int }

type get struct{ total actor.Reply[int] }

func (c *counter) Receive(_ *actor.Context[any], m any) error {
	switch m := m.(type) {
	case add:
		c.total += m.n
	case get:
		m.total.Send(c.total)
	default:
		return fmt.Errorf("counter: told %v", m)
	}
	return nil
}

// Two actors, a counter and a printer. To stop the system handles what they were told before.
func Example() {
	ctx := context.Background()
	system := actor.NewSystem()
	count, _ := actor.Spawn(system, "counter", func() actor.Behavior[any] { return &counter{} })
	printer, _ := actor.Spawn(system, "printer", func() actor.Behavior[string] {
		return actor.Func[string](func(_ *actor.Context[string], line string) error {
			fmt.Println(line)
			return nil
		})
	})

	_ = count.Tell(ctx, add{5})
	_ = count.Tell(ctx, add{3})
	_ = count.Tell(ctx, add{-2})
	_ = printer.Tell(ctx, "Hello from the actor system")

	total, _ := actor.Ask(ctx, count, func(r actor.Reply[int]) any { return get{r} })
	_ = printer.Tell(ctx, fmt.Sprint("total: ", total))
	_ = system.Shutdown(ctx)
	// Output:
	// Hello from the actor system
	// total: 6
}

func ExampleAsk() {
	system := actor.NewSystem()
	defer system.Shutdown(context.Background())
	count, _ := actor.Spawn(system, "counter", func() actor.Behavior[any] { return &counter{} })

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = count.Tell(ctx, add{2})
	fmt.Println(actor.Ask(ctx, count, func(r actor.Reply[int]) any { return get{r} }))

	// A message that the actor fails on, and then one to its next incarnation.
	_, err := actor.Ask(ctx, count, func(actor.Reply[int]) any { return "what?" })
	fmt.Println(err)
	fmt.Println(actor.Ask(ctx, count, func(r actor.Reply[int]) any { return get{r} }))
	// Output:
	// 2 <nil>
	// counter: told what?
	// 0 <nil>
}

// Two actors throw a ball to each other.
func Example_pingPong() {
	ctx := context.Background()
	system := actor.NewSystem()
	player := func(name string) *actor.Ref[ball] {
		ref, _ := actor.Spawn(system, name, func() actor.Behavior[ball] {
			return actor.Func[ball](func(c *actor.Context[ball], b ball) error {
				fmt.Println(name, b.throws)
				if b.throws == 0 {
					c.Stop()
					return nil
				}
				return b.from.Tell(c, ball{c.Self(), b.throws - 1})
			})
		})
		return ref
	}
	ping, pong := player("ping"), player("pong")
	_ = ping.Tell(ctx, ball{pong, 3})
	<-pong.Done()
	_ = system.Shutdown(ctx)
	// Output:
	// ping 3
	// pong 2
	// ping 1
	// pong 0
}

type ball struct {
	from   *actor.Ref[ball]
	throws int
}
