package actor_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/interleave-go/interleave/actor"
	"github.com/interleave-go/interleave/retry"
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
