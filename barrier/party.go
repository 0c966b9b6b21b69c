package barrier

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Party is a party of a [Phaser] that has a name, by which [PhaserStats] tells
// whom a phase waits for. Its methods are those of the Phaser, and find out if it
// arrives twice in a phase.
type Party struct {
	phaser *Phaser
	name   string

	// Guarded by Phaser.mu.
	next int // the phase that it is to arrive at next
	gone bool
}

// RegisterParty adds a party with a name, which the current phase waits for.
func (p *Phaser) RegisterParty(name string) *Party {
	p.mu.Lock()
	defer p.mu.Unlock()
	party := &Party{phaser: p, name: name, next: p.phase}
	if !p.terminated {
		p.registered++
		p.named = append(p.named, party)
	}
	return party
}

// Arrive is [Phaser.Arrive]. It panics if the party has arrived already.
func (p *Party) Arrive() (phase int) { return p.phaser.arrive(p, false) }

// ArriveAndWait is [Phaser.ArriveAndWait]. It panics if the party has arrived
// already.
func (p *Party) ArriveAndWait(ctx context.Context) (phase int, err error) {
	return p.phaser.arriveAndWait(ctx, p)
}

// Deregister is [Phaser.Deregister]. The party must not be used after that.
func (p *Party) Deregister() (phase int) { return p.phaser.arrive(p, true) }

func (p *Phaser) forgetLocked(party *Party) {
	if party != nil {
		party.gone = true
		p.named = slices.DeleteFunc(p.named, func(o *Party) bool { return o == party })
	}
}

// PhaserStats is the state of a [Phaser] at one instant.
type PhaserStats struct {
	Phase      int
	Registered int      // parties
	Arrived    int      // of them, at this phase
	Missing    []string // the names of those that have not arrived, in the order of registration; those without are not listed
	Terminated bool
}

// String returns the statistics on one line.
func (st PhaserStats) String() string {
	line := fmt.Sprintf("phase=%d registered=%d arrived=%d", st.Phase, st.Registered, st.Arrived)
	if len(st.Missing) > 0 {
		line += " missing=" + strings.Join(st.Missing, ",")
	}
	if st.Terminated {
		line += " terminated"
	}
	return line
}

// LogValue returns the statistics as a group.
func (st PhaserStats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("phase", st.Phase), slog.Int("registered", st.Registered),
		slog.Int("arrived", st.Arrived), slog.Any("missing", st.Missing), slog.Bool("terminated", st.Terminated))
}

// Stats returns the current state, taken in one go.
func (p *Phaser) Stats() PhaserStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := PhaserStats{Phase: p.phase, Registered: p.registered, Arrived: p.arrived, Terminated: p.terminated}
	for _, party := range p.named {
		if party.next <= p.phase && !p.terminated {
			st.Missing = append(st.Missing, party.name)
		}
	}
	return st
}
