package actor_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/interleave-go/interleave/actor"
)

func printing[M any]() actor.Behavior[M] {
	return actor.Func[M](func(c *actor.Context[M], m M) error {
		fmt.Println(c.Self().Path(), m)
		return nil
	})
}

func ExampleLookup() {
	ctx := context.Background()
	system := actor.NewSystem()
	defer system.Shutdown(ctx)
	bank, _ := actor.Spawn(system, "bank", printing[string])
	_, _ = actor.Spawn(bank, "teller", printing[int])

	teller, err := actor.Lookup[int](system, "bank/teller")
	fmt.Println(teller.Path(), err)
	_, err = actor.Lookup[string](system, "bank/teller")
	fmt.Println(err)
	_, err = actor.Lookup[int](system, "bank/robber")
	fmt.Println(errors.Is(err, actor.ErrNotFound))
	_, err = actor.Spawn(bank, "teller", printing[int])
	fmt.Println(err)
	// Output:
	// bank/teller <nil>
	// actor: bank/teller is a *actor.Ref[int], not a *actor.Ref[string]
	// true
	// actor: name taken
}

func ExampleSystem_Shutdown() {
	system := actor.NewSystem()
	ref, _ := actor.Spawn(system, "printer", printing[string])
	for _, line := range []string{"one", "two", "three"} {
		_ = ref.TryTell(line)
	}
	fmt.Println(system.Shutdown(context.Background()), system)
	fmt.Println(ref.TryTell("four"))
	// Output:
	// printer one
	// printer two
	// printer three
	// <nil> 0 actors of 1 spawned
	// actor: stopped
}

// While a mailbox is full, the oldest message makes room for the newest.
func ExampleMailbox() {
	ctx := context.Background()
	system := actor.NewSystem()
	begun, release := make(chan struct{}), make(chan struct{})
	ref, _ := actor.Spawn(system, "gauge", func() actor.Behavior[int] {
		return actor.Func[int](func(_ *actor.Context[int], m int) error {
			if m == 1 {
				close(begun)
				<-release
			}
			fmt.Println("handled:", m)
			return nil
		})
	}, actor.Mailbox(1, actor.DropOldest), actor.OnUndelivered(func(u actor.Undelivered) {
		fmt.Printf("%v: %v\n", u.Message, u.Reason)
	}))
	_ = ref.Tell(ctx, 1)
	<-begun
	_ = ref.Tell(ctx, 2)
	_ = ref.Tell(ctx, 3)
	close(release)
	_ = system.Shutdown(ctx)
	// Output:
	// 2: actor: dropped for a newer message
	// handled: 1
	// handled: 3
}

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

func ExampleRouter() {
	ctx := context.Background()
	system := actor.NewSystem()
	type order struct{ customer, item string }
	shops, err := actor.NewRouter(ctx, system, "shops", 4,
		actor.ConsistentHash(func(o order) string { return o.customer }), printing[order])
	if err != nil {
		fmt.Println(err)
		return
	}
	same := shops.Pick(order{"ann", "tea"}) == shops.Pick(order{"ann", "cake"})
	fmt.Println(len(shops.Routees()), "shops; the same one for all that ann orders:", same)
	_ = shops.Resize(ctx, 2)
	fmt.Println(len(shops.Routees()), "shops")
	_ = system.Shutdown(ctx)
	// Output:
	// 4 shops; the same one for all that ann orders: true
	// 2 shops
}

func ExampleTopic() {
	ctx := context.Background()
	system := actor.NewSystem()
	var prices actor.Topic[int]
	printer, _ := actor.Spawn(system, "printer", printing[string])
	unsubscribe := actor.Subscribe(&prices, printer, func(p int) string { return fmt.Sprintf("%d cents", p) })
	_ = prices.Publish(ctx, 120)
	_ = prices.Publish(ctx, 125)
	unsubscribe()
	_ = prices.Publish(ctx, 130)
	_ = system.Shutdown(ctx)
	// Output:
	// printer 120 cents
	// printer 125 cents
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
