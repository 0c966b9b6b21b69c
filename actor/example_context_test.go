package actor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/interleave-go/interleave/actor"
)

// The result of a call that takes long is a message like any other.
func ExamplePipe() {
	ctx := context.Background()
	system := actor.NewSystem()
	defer system.Shutdown(ctx)
	type lookup struct {
		name  string
		found actor.Reply[int]
		ready bool
		n     int
	}
	ref, _ := actor.Spawn(system, "", func() actor.Behavior[lookup] {
		return actor.Func[lookup](func(c *actor.Context[lookup], l lookup) error {
			if l.ready {
				l.found.Send(l.n)
				return nil
			}
			actor.Pipe(c,
				func(context.Context) (int, error) { return len(l.name), nil }, // a slow call
				func(n int, err error) lookup { return lookup{l.name, l.found, true, n} })
			return nil
		})
	})
	fmt.Println(actor.Ask(ctx, ref, func(r actor.Reply[int]) lookup { return lookup{name: "gopher", found: r} }))
	// Output: 6 <nil>
}

func ExampleContext_Every() {
	system := actor.NewSystem()
	ref, _ := actor.Spawn(system, "clock", func() actor.Behavior[string] { return &clock{} })
	<-ref.Done()
	_ = system.Shutdown(context.Background())
	// Output:
	// tick
	// tick
	// tick
}

type clock struct{ ticks int }

func (k *clock) Started(c *actor.Context[string]) error {
	c.Every(time.Millisecond, "tick")
	return nil
}

func (k *clock) Receive(c *actor.Context[string], m string) error {
	fmt.Println(m)
	if k.ticks++; k.ticks == 3 {
		c.Stop()
	}
	return nil
}

// What comes before the actor can use it is put aside.
func ExampleContext_Stash() {
	ctx := context.Background()
	system := actor.NewSystem()
	ref, _ := actor.Spawn(system, "door", func() actor.Behavior[string] {
		open := actor.Func[string](func(_ *actor.Context[string], m string) error {
			fmt.Println(m, "enters")
			return nil
		})
		return actor.Func[string](func(c *actor.Context[string], m string) error {
			if m != "open" {
				c.Stash(m)
				return nil
			}
			c.Become(open)
			c.Unstash()
			return nil
		})
	})
	for _, m := range []string{"ann", "ben", "open", "cem"} {
		_ = ref.Tell(ctx, m)
	}
	_ = system.Shutdown(ctx)
	// Output:
	// ann enters
	// ben enters
	// cem enters
}
