package actor_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/interleave-go/interleave/actor"
)

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
