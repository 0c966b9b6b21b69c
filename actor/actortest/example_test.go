package actortest_test

import (
	"context"
	"testing"
	"time"

	"github.com/interleave-go/interleave/actor"
	"github.com/interleave-go/interleave/actor/actortest"
)

// A greeter has a translator say hello, and tells the guests what that is a second later.
type greeter struct {
	translator *actor.Ref[phrase]
	guests     *actor.Ref[string]
}

type phrase struct {
	english    string
	translated actor.Reply[string]
}

func (g *greeter) Receive(c *actor.Context[string], name string) error {
	hello, err := actor.Ask(c, g.translator, func(r actor.Reply[string]) phrase { return phrase{"hello", r} })
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	return g.guests.Tell(c, hello+", "+name)
}

func testGreeter(t *testing.T) {
	actortest.Run(t, func(t *testing.T, k *actortest.Kit) {
		translator := actortest.NewProbe[phrase](k, "translator")
		guests := actortest.NewProbe[string](k, "guests")
		ref, err := actor.Spawn(k, "greeter", func() actor.Behavior[string] {
			return &greeter{translator.Ref(), guests.Ref()}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := ref.Tell(context.Background(), "Ann"); err != nil {
			t.Fatal(err)
		}

		question := translator.Next(0) // at once
		if question.english != "hello" {
			t.Errorf("to translate %q", question.english)
		}
		question.translated.Send("hallo")

		guests.None(time.Second - 1)                    // nothing for a second
		if got := guests.Next(1); got != "hallo, Ann" { // and there it is
			t.Errorf("got %q", got)
		}
	})
}

// A test of an actor that asks one that is not there, and takes its time.
func ExampleRun() {
	var t *testing.T // that of the test
	testGreeter(t)
}
