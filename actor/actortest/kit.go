// Package actortest has what it takes to test actors: a system in a bubble of testing/synctest,
// in which time stands still until nobody has anything to do, and probes, which are actors that
// keep what they are told.
//
// # The problem
//
// A test of actors has to know when they have done all that they will do, and must not wait
// for it in vain. In a bubble [Kit.Settle] knows, and a timer of an hour takes no time; so all
// times are exact, and the same in each run.
//
// # When not to use it
//
// A [actor.Behavior] whose Receive makes no use of its Context needs no system to be tested: call
// it. What waits for a network or a child process does not settle.
//
// # Concurrency properties
//
// A kit and its probes belong to the goroutine of the test, but the Ref of a probe to everybody.
//
// # Example
//
//	func TestGreeter(t *testing.T) {
//		actortest.Run(t, func(t *testing.T, k *actortest.Kit) {
//			probe := actortest.NewProbe[string](k, "probe")
//			greeter, err := actor.Spawn(k, "greeter", newGreeter(probe.Ref()))
//			...
//			err = greeter.Tell(t.Context(), "Ann") // greets a second later
//			probe.None(time.Second - 1)
//			if got := probe.Next(1); got != "Hello, Ann!" {
//				t.Error(got)
//			}
//		})
//	}
package actortest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/interleave-go/interleave/actor"
)

// A Kit is a system to test actors in. It can be used as their parent.
type Kit struct {
	*actor.System
	t testing.TB

	mu          sync.Mutex // guards the fields below
	failures    []actor.Failure
	undelivered []actor.Undelivered
}

// patience is how long actors may take to stop in the end, in the time of the bubble.
const patience = 24 * time.Hour

// Run calls test in a bubble, with a kit whose system has the given options, but its own hooks
// for failures and undelivered messages: what is spawned with other ones is not recorded. In the
// end it shuts the system down. The test fails if an actor does not stop within a day of the
// bubble's time, or if there was a failure or an undelivered message that test has not asked for; it panics, with
// the stacks, if an actor does not stop at all.
func Run(t *testing.T, test func(t *testing.T, k *Kit), opts ...actor.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		k := &Kit{t: t}
		k.System = actor.NewSystem(append(slices.Clip(opts),
			actor.OnFailure(func(f actor.Failure) {
				k.mu.Lock()
				defer k.mu.Unlock()
				k.failures = append(k.failures, f)
			}),
			actor.OnUndelivered(func(u actor.Undelivered) {
				k.mu.Lock()
				defer k.mu.Unlock()
				k.undelivered = append(k.undelivered, u)
			}))...)
		defer k.end()
		test(t, k)
	})
}

func (k *Kit) end() {
	k.t.Helper()
	if err := k.shutdown(patience); err != nil {
		k.t.Errorf("actortest: actors did not stop: %v", k.System)
		_ = k.shutdown(100 * patience) // a bubble panics if something is left
	}
	for _, f := range k.Failures() {
		k.t.Errorf("actortest: %s failed: %v", f.Actor.Path(), f.Err)
	}
	for _, u := range k.Undelivered() {
		k.t.Errorf("actortest: undelivered to %s: %v (%v)", u.To.Path(), u.Message, u.Reason)
	}
}

func (k *Kit) shutdown(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return k.Shutdown(ctx)
}

// Settle waits until all actors, and all other goroutines of the test, wait for something that
// only time or the test can bring.
func (k *Kit) Settle() { synctest.Wait() }

// Failures settles, and returns the failures since it was asked last.
func (k *Kit) Failures() []actor.Failure {
	k.Settle()
	k.mu.Lock()
	defer k.mu.Unlock()
	failures := k.failures
	k.failures = nil
	return failures
}

// Undelivered settles, and returns the messages that were not delivered since it was asked last.
func (k *Kit) Undelivered() []actor.Undelivered {
	k.Settle()
	k.mu.Lock()
	defer k.mu.Unlock()
	undelivered := k.undelivered
	k.undelivered = nil
	return undelivered
}
