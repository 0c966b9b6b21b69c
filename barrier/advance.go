package barrier

import (
	"context"
	"slices"

	"github.com/interleave-go/interleave/internal/explore"
)

// arrive counts an arrival of party, or of one without a name, which leaves for
// good if it says so.
func (p *Phaser) arrive(party *Party, leaves bool) (phase int) {
	p.mu.Lock()
	phase = p.phase
	if p.terminated {
		p.mu.Unlock()
		return phase
	}
	p.countLocked(party)
	if leaves {
		p.arrived--
		p.registered--
		p.departed = true
		p.forgetLocked(party)
	}
	p.advanceAndUnlock()
	return phase
}

func (p *Phaser) arriveAndWait(ctx context.Context, party *Party) (phase int, err error) {
	if err := ctx.Err(); err != nil {
		return p.Phase(), err
	}
	done := ctx.Done()
	explore.Point("phaser: about to arrive")
	p.mu.Lock()
	if p.terminated {
		defer p.mu.Unlock()
		return p.phase, ErrTerminated
	}
	p.countLocked(party)
	g := p.gatheringLocked()
	id := p.waiting.add(arrival{ctx: ctx, done: done, party: party})
	p.advanceAndUnlock()

	if !g.gate.Wait(&p.mu, done) {
		p.mu.Lock()
		at := p.waiting.find(id)
		if at >= 0 {
			p.takeBackLocked(at)
		}
		complete := at < 0 && g.complete
		p.mu.Unlock()
		if !complete {
			return p.Phase(), ctx.Err()
		}
		g.gate.Wait(&p.mu, nil) // for OnAdvance: all had arrived before ctx ended
	}
	if slices.Contains(g.dropped, id) {
		return p.Phase(), ctx.Err()
	}
	return p.Phase(), g.err
}

// countLocked counts an arrival. It unlocks before it panics.
func (p *Phaser) countLocked(party *Party) {
	misuse := ""
	switch {
	case party != nil && party.gone:
		misuse = "barrier: use of a party that has deregistered: " + party.name
	case party != nil && party.next > p.phase:
		misuse = "barrier: party arrived twice in a phase: " + party.name
	case p.arrived == p.registered:
		misuse = "barrier: more arrivals than parties"
	}
	if misuse != "" {
		p.mu.Unlock()
		panic(misuse)
	}
	if p.arrived++; party != nil {
		party.next = p.phase + 1
	}
}

// gatheringLocked returns who waits for the end of the phase.
func (p *Phaser) gatheringLocked() *generation {
	if p.gathering == nil {
		p.gathering = new(generation)
	}
	return p.gathering
}

// takeBackLocked takes back an arrival whose context has ended.
func (p *Phaser) takeBackLocked(at int) {
	if party := p.waiting.list[at].party; party != nil {
		party.next = p.phase
	}
	p.waiting.remove(at)
	p.arrived--
}

// advanceAndUnlock goes on to the next phase if all have arrived. While it calls
// OnAdvance they can all arrive at that one too.
func (p *Phaser) advanceAndUnlock() {
	defer p.mu.Unlock() // even if OnAdvance panics
	for p.advancing == nil && !p.terminated && p.arrived == p.registered && (p.arrived > 0 || p.departed) {
		g := p.gathering
		if at := p.waiting.ended(); at >= 0 {
			g.dropped = append(g.dropped, p.waiting.list[at].id)
			p.takeBackLocked(at)
			return
		}
		if p.onAdvance != nil {
			g = p.gatheringLocked() // for those who come while it runs
		}
		if g != nil {
			g.complete = true
		}
		phase := p.phase
		p.advancing, p.gathering = g, nil
		p.phase++
		p.arrived, p.departed = 0, false
		p.waiting.reset()

		if p.terminatesLocked(phase, p.registered) {
			p.terminateLocked()
		}
		p.advancing = nil
		if g != nil {
			g.gate.OpenLocked()
		}
	}
}

// terminatesLocked asks OnAdvance, unlocked, whether that was the last phase. If it
// panics, it was.
func (p *Phaser) terminatesLocked(phase, registered int) (terminate bool) {
	if p.onAdvance == nil {
		return registered == 0
	}
	p.mu.Unlock()
	normal := false
	defer func() {
		explore.Point("phaser: OnAdvance has ended")
		if p.mu.Lock(); !normal {
			p.terminateLocked()
		}
	}()
	terminate = p.onAdvance(phase, registered)
	normal = true
	return terminate
}

func (p *Phaser) terminateLocked() {
	if p.terminated {
		return
	}
	p.terminated = true
	for _, g := range []*generation{p.advancing, p.gathering} {
		if g != nil {
			g.complete = true
			g.err = ErrTerminated
			g.gate.OpenLocked()
		}
	}
	p.advancing = nil
	p.waiting.reset()
}
