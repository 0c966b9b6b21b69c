package barrier_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/interleave-go/interleave/barrier"
)

// The chapter's two phases: nobody computes before everybody has loaded.
func ExampleBarrier() {
	ctx := context.Background()
	var loaded atomic.Int64
	b := barrier.New(3, barrier.Action(func() error {
		fmt.Println(loaded.Load(), "have loaded")
		return nil
	}))
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			loaded.Add(1)
			index, err := b.Wait(ctx)
			if err != nil {
				return
			}
			if index == 0 {
				fmt.Println("the last one to arrive goes on with", loaded.Load())
			}
		})
	}
	workers.Wait()
	// Output:
	// 3 have loaded
	// the last one to arrive goes on with 3
}

// The chapter's ServiceManager: requests wait until the service is ready.
func ExampleEvent() {
	ctx := context.Background()
	var ready barrier.Event
	var requests sync.WaitGroup
	for range 3 {
		requests.Go(func() {
			if err := ready.Wait(ctx); err == nil {
				fmt.Println("served")
			}
		})
	}
	fmt.Println("starting")
	ready.Set()
	requests.Wait()
	// Output:
	// starting
	// served
	// served
	// served
}

func ExampleLatch() {
	downloads := barrier.NewLatch(3)
	for range 3 {
		go downloads.CountDown() // when it has finished
	}
	fmt.Println(downloads.Wait(context.Background()), downloads.Count())
	// Output: <nil> 0
}

// Parties with names: a phase that does not end can say whom it waits for.
func ExamplePhaser() {
	p := barrier.NewPhaser(0)
	parse, link := p.RegisterParty("parse"), p.RegisterParty("link")
	parse.Arrive()
	fmt.Println(p.Stats())
	link.Deregister()
	fmt.Println(p.Stats())
	// Output:
	// phase=0 registered=2 arrived=1 missing=link
	// phase=1 registered=1 arrived=0 missing=parse
}

func ExampleParty() {
	ctx := context.Background()
	p := barrier.NewPhaser(0, barrier.OnAdvance(func(phase, registered int) bool {
		fmt.Println("phase", phase, "done by", registered)
		return phase == 1
	}))
	var wg sync.WaitGroup
	for _, party := range []*barrier.Party{p.RegisterParty("a"), p.RegisterParty("b")} {
		wg.Go(func() {
			for {
				if _, err := party.ArriveAndWait(ctx); err != nil {
					return // the phaser has terminated
				}
			}
		})
	}
	wg.Wait()
	// Output:
	// phase 0 done by 2
	// phase 1 done by 2
}
