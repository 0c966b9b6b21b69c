//go:build explore

package explore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// Config says which schedules to explore. The zero value goes through all with
// at most two preemptions.
type Config struct {
	// Preemptions is how often a schedule may take the turn from a thread that
	// could go on. Zero means 2, since most bugs need no more.
	Preemptions int
	// Random, unless it is zero, is the number of random schedules to run
	// instead, each with Preemptions changes of priority: for what has too many
	// threads or steps to go through them all.
	Random int
}

// budget is the number of schedules after which an exploration that goes
// through all of them stops.
const budget = 20_000

// scheduler returns the scheduler that c and the flags ask for, and the number
// of schedules to run at most.
func (c Config) scheduler() (scheduler, int, error) {
	if c.Preemptions < 0 || c.Random < 0 {
		panic("explore: negative Config")
	}
	preemptions := c.Preemptions
	if preemptions == 0 {
		preemptions = 2
	}
	factor, err := budgetFactor()
	switch {
	case err != nil:
		return nil, 0, err
	case *replayFlag != "":
		trace, err := decode(*replayFlag)
		return &replay{trace: trace}, 1, err
	case c.Random > 0:
		seed := *seedFlag
		if seed == 0 {
			seed = rand.Uint64()
		}
		return newPCT(seed, preemptions), c.Random * factor, nil
	default:
		return &depthFirst{limit: preemptions}, budget * factor, nil
	}
}

// budgetFactor returns the value of INTERLEAVE_EXPLORE, by default 1.
func budgetFactor() (int, error) {
	value := os.Getenv("INTERLEAVE_EXPLORE")
	if value == "" {
		return 1, nil
	}
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("explore: INTERLEAVE_EXPLORE is %q, which is not a whole number above zero", value)
	}
	return int(n), nil
}

// Check explores the schedules of body and fails the test at the first under
// which a check fails, a thread panics or exits, threads are stuck, or
// goroutines are left behind. It ends when it has run all of them, or enough;
// the environment variable INTERLEAVE_EXPLORE multiplies what is enough.
//
// body is called for each schedule, in a testing/synctest bubble of its own. It
// makes new state, registers threads, events and checks, and returns.
//
// Explorations take turns with each other, and run on one processor.
func Check(t *testing.T, cfg Config, body func(x *Exec)) {
	t.Helper()
	if f := Find(t, cfg, body); f != nil {
		t.Fatalf("explore: %v", f)
	}
}

// Find is like [Check] but returns the failure, or nil: it is for bugs that were
// planted to see that they are found.
func Find(t *testing.T, cfg Config, body func(x *Exec)) *Failure {
	t.Helper()
	s, limit, err := cfg.scheduler()
	if err != nil {
		t.Fatal(err)
	}
	f, summary := explore(t, s, limit, body)
	t.Log("explore: " + summary)
	if f != nil && f.invalid {
		t.Fatalf("explore: %v", f)
	}
	return f
}

// exploring is held by the one exploration that has its turn.
var exploring sync.Mutex

// explore runs schedules of s until one fails, or none is left, or limit are
// done. It returns the failure, or nil, and a line that says what it did.
func explore(t *testing.T, s scheduler, limit int, body func(x *Exec)) (*Failure, string) {
	if self().bubble != 0 {
		panic("explore: called in a synctest bubble")
	}
	exploring.Lock()
	defer exploring.Unlock()
	// On one processor threads that a step wakes at once arrive at their Points
	// in much the same order each time, and switching between them is cheap.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer watch()()

	n := 0
	for {
		x := runOnce(t, body, s)
		how := s.String()
		fresh, more := s.ran()
		if fresh {
			n++
		}
		switch {
		case x.reason != "":
			return x.failure(t.Name(), how, n), fmt.Sprintf("failed at schedule %d, %s", n, how)
		case !more:
			return nil, fmt.Sprintf("ran %d schedules, all %v", n, s)
		case n == limit:
			return nil, fmt.Sprintf("ran %d schedules and stopped, %s", n, how)
		}
	}
}
