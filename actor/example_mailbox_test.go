package actor_test

import (
	"context"
	"fmt"

	"github.com/interleave-go/interleave/actor"
)

func printing[M any]() actor.Behavior[M] {
	return actor.Func[M](func(c *actor.Context[M], m M) error {
		fmt.Println(c.Self().Path(), m)
		return nil
	})
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
