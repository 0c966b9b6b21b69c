//go:build explore

package explore

import (
	"errors"
	"fmt"
	"slices"
)

// A scheduler decides the schedules of one exploration, one after the other.
type scheduler interface {
	// choose returns one of choices.
	choose(choices []choice) (choice, error)
	// ended is told that there is no choice left.
	ended() error
	// ran ends a schedule. It reports whether it was a new one and whether
	// there are more.
	ran() (fresh, more bool)
	fmt.Stringer
}

// errDiverged says that the code under test does not depend on the schedule
// alone, so that nothing can be concluded from exploring its schedules.
var errDiverged = errors.New("the run left the schedule it should follow: does the code depend on " +
	"a select with several cases ready, on the order of a map, on random numbers or on earlier runs?")

// depthFirst goes through all schedules with at most limit preemptions: first
// those with none, then those with one, and so on, so that the first failure
// has as few as possible. (Musuvathi and Qadeer, "Iterative Context Bounding for
// Systematic Testing of Multithreaded Programs", PLDI 2007.)
//
// Invariants: path[:depth] was taken in this run, with used of the bound
// preemptions allowed in this round; each node of path lists what its turn had
// to choose from.
type depthFirst struct {
	limit, bound int
	reached      bool // by a schedule of this round: its bound
	path         []node
	depth, used  int
}

// A node is a turn in the tree of schedules.
type node struct {
	names []string
	taken int
}

func (d *depthFirst) choose(choices []choice) (choice, error) {
	if d.used == d.bound {
		choices = slices.DeleteFunc(choices, func(c choice) bool { return c.preempts })
	}
	now := names(choices)
	if d.depth == len(d.path) {
		d.path = append(d.path, node{names: now})
	}
	n := d.path[d.depth]
	if !slices.Equal(now, n.names) {
		return choice{}, fmt.Errorf("%w (step %d had the choice of %q before and of %q now)",
			errDiverged, d.depth+1, n.names, now)
	}
	d.depth++
	c := choices[n.taken]
	if c.preempts {
		d.used++
	}
	return c, nil
}

func (d *depthFirst) ended() error {
	if d.depth < len(d.path) {
		return fmt.Errorf("%w (it ended before step %d, which had the choice of %q before)",
			errDiverged, d.depth+1, d.path[d.depth].names)
	}
	return nil
}

func (d *depthFirst) ran() (fresh, more bool) {
	fresh = d.used == d.bound // with fewer it was run in an earlier round
	d.reached = d.reached || fresh
	d.depth, d.used = 0, 0
	for i, n := range slices.Backward(d.path) {
		if n.taken+1 < len(n.names) {
			d.path = d.path[:i+1]
			d.path[i].taken++
			return fresh, true
		}
	}
	if d.bound == d.limit || !d.reached {
		d.bound = d.limit + 1
		return fresh, false
	}
	d.path, d.reached = nil, false
	d.bound++
	return fresh, true
}

func (d *depthFirst) String() string {
	if d.bound > d.limit {
		return fmt.Sprintf("with at most %d preemptions", d.limit)
	}
	return fmt.Sprintf("with %d of at most %d preemptions", d.bound, d.limit)
}

func names(choices []choice) []string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = c.name
	}
	return names
}
