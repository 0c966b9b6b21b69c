package actor_test

import (
	"context"
	"fmt"

	"github.com/interleave-go/interleave/actor"
)

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

func ExampleAskRouter() {
	ctx := context.Background()
	system := actor.NewSystem()
	type square struct {
		of     int
		result actor.Reply[int]
	}
	squares, err := actor.NewRouter(ctx, system, "squares", 2, actor.LeastLoaded[square](), func() actor.Behavior[square] {
		return actor.Func[square](func(_ *actor.Context[square], m square) error {
			m.result.Send(m.of * m.of)
			return nil
		})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(actor.AskRouter(ctx, squares, func(r actor.Reply[int]) square { return square{7, r} }))
	_ = system.Shutdown(ctx)
	// Output:
	// 49 <nil>
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
