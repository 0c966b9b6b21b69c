//go:build explore

package explore

import (
	"flag"
	"fmt"
	"math/rand/v2"
)

var seedFlag = flag.Uint64("explore.seed", 0, "the seed of random explorations; 0 draws one")

// pct gives each thread and event a random priority, lets the highest go on,
// and at a few random steps puts the highest below all others. A bug that needs
// d orderings among n threads of k steps is found by one schedule with a
// probability of at least 1/(n*k^(d-1)) if there are d-1 such steps. (Burckhardt
// et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding
// Bugs", ASPLOS 2010.)
type pct struct {
	seed  uint64
	drops int // priority-change points per schedule

	n       int // schedules run
	longest int // steps of the longest so far: k
	random  *rand.Rand
	rank    map[string]int // higher goes first
	lowest  int
	changes map[int]bool // steps at which the highest drops
	step    int
}

func newPCT(seed uint64, drops int) *pct {
	p := &pct{seed: seed, drops: drops}
	p.begin()
	return p
}

// begin draws the next schedule.
func (p *pct) begin() {
	p.random = rand.New(rand.NewPCG(p.seed, uint64(p.n)))
	p.rank = make(map[string]int)
	p.lowest, p.step = 0, 0
	p.changes = make(map[int]bool)
	for range p.drops {
		p.changes[p.random.IntN(max(p.longest, 1))] = true
	}
}

func (p *pct) choose(choices []choice) (choice, error) {
	for _, c := range choices {
		if _, ok := p.rank[c.name]; !ok {
			p.rank[c.name] = p.random.Int()
		}
	}
	if p.changes[p.step] {
		p.lowest--
		p.rank[p.highest(choices).name] = p.lowest
	}
	p.step++
	return p.highest(choices), nil
}

func (p *pct) highest(choices []choice) choice {
	best := choices[0]
	for _, c := range choices {
		if p.rank[c.name] > p.rank[best.name] {
			best = c
		}
	}
	return best
}

func (p *pct) ended() error { return nil }

func (p *pct) ran() (fresh, more bool) {
	p.n++
	p.longest = max(p.longest, p.step)
	p.begin()
	return true, true
}

func (p *pct) String() string {
	return fmt.Sprintf("random, %d changes of priority, -explore.seed=%d", p.drops, p.seed)
}
