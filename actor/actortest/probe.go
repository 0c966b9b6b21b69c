package actortest

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/interleave-go/interleave/actor"
)

// A Probe is an actor that keeps what it is told, for the test to look at, and to reply to if it
// has an [actor.Reply].
type Probe[M any] struct {
	t   testing.TB
	ref *actor.Ref[M]

	mu      sync.Mutex // guards the fields below
	mail    []M
	arrived chan struct{} // closed by the next message
}

// NewProbe spawns a probe under the kit.
func NewProbe[M any](k *Kit, name string) *Probe[M] {
	k.t.Helper()
	p := &Probe[M]{t: k.t, arrived: make(chan struct{})}
	ref, err := actor.Spawn(k, name, func() actor.Behavior[M] { return actor.Func[M](p.receive) })
	if err != nil {
		k.t.Fatalf("actortest: probe %q: %v", name, err)
	}
	p.ref = ref
	return p
}

func (p *Probe[M]) receive(_ *actor.Context[M], m M) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mail = append(p.mail, m)
	close(p.arrived)
	p.arrived = make(chan struct{})
	return nil
}

// Ref returns the reference to the probe.
func (p *Probe[M]) Ref() *actor.Ref[M] { return p.ref }

// Next returns the next message. The test fails and ends if there is none within the given time,
// which may be zero.
func (p *Probe[M]) Next(within time.Duration) M {
	p.t.Helper()
	synctest.Wait()
	timeout := time.NewTimer(max(within, time.Nanosecond))
	defer timeout.Stop()
	for {
		p.mu.Lock()
		arrived := p.arrived
		if len(p.mail) > 0 {
			m := p.mail[0]
			p.mail = p.mail[1:]
			p.mu.Unlock()
			return m
		}
		p.mu.Unlock()
		if within <= 0 {
			p.t.Fatalf("actortest: nothing was told to %s", p.ref.Path())
		}
		select {
		case <-arrived:
		case <-timeout.C:
			within = 0
			synctest.Wait() // what comes at the last moment has come in time
		}
	}
}

// None fails the test if a message comes within the given time, which may be zero, or has come
// that nobody has asked for.
func (p *Probe[M]) None(within time.Duration) {
	p.t.Helper()
	time.Sleep(within)
	for _, m := range p.All() {
		p.t.Errorf("actortest: %s was told %v", p.ref.Path(), m)
	}
}

// All settles, and returns the messages that nobody has asked for.
func (p *Probe[M]) All() []M {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	mail := p.mail
	p.mail = nil
	return mail
}
