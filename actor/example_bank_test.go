package actor_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/interleave-go/interleave/actor"
)

// A bank moves money between accounts, each an actor. What cannot be paid in goes back to
// where it came from.
func Example_bankTransfer() {
	ctx := context.Background()
	system := actor.NewSystem()
	defer system.Shutdown(ctx)
	open := func(name string, balance int) *actor.Ref[booking] {
		ref, _ := actor.Spawn(system, name, func() actor.Behavior[booking] { return &account{balance: balance} })
		return ref
	}
	alice, bob := open("alice", 100), open("bob", 0)
	bank, _ := actor.Spawn(system, "bank", func() actor.Behavior[transfer] { return bank{} })
	send := func(from, to *actor.Ref[booking], amount int) {
		_, err := actor.Ask(ctx, bank, func(r actor.Reply[bool]) transfer { return transfer{from, to, amount, r} })
		a, _ := book(ctx, alice, 0)
		b, _ := book(ctx, bob, 0)
		fmt.Printf("%d: %v; alice %d, bob %d\n", amount, err, a, b)
	}
	send(alice, bob, 30)
	send(bob, alice, 50)
	closed := open("closed", 0)
	_ = closed.Stop(ctx)
	send(alice, closed, 10)
	// Output:
	// 30: <nil>; alice 70, bob 30
	// 50: not enough money; alice 70, bob 30
	// 10: actor: stopped; alice 70, bob 30
}

type account struct{ balance int }

type booking struct {
	amount  int // below zero: to be taken
	balance actor.Reply[int]
}

func (a *account) Receive(_ *actor.Context[booking], b booking) error {
	if a.balance+b.amount < 0 {
		b.balance.Fail(errors.New("not enough money"))
		return nil
	}
	a.balance += b.amount
	b.balance.Send(a.balance)
	return nil
}

// book changes the balance of an account, and returns it.
func book(ctx context.Context, account *actor.Ref[booking], amount int) (balance int, err error) {
	return actor.Ask(ctx, account, func(r actor.Reply[int]) booking { return booking{amount, r} })
}

type bank struct{}

type transfer struct {
	from, to *actor.Ref[booking]
	amount   int
	done     actor.Reply[bool]
}

func (bank) Receive(c *actor.Context[transfer], t transfer) error {
	if _, err := book(c, t.from, -t.amount); err != nil {
		t.done.Fail(err)
		return nil
	}
	if _, err := book(c, t.to, t.amount); err != nil {
		if _, undo := book(c, t.from, t.amount); undo != nil {
			err = errors.Join(err, undo)
		}
		t.done.Fail(err)
		return nil
	}
	t.done.Send(true)
	return nil
}
