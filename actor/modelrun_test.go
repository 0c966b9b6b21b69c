package actor

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

var errPanicked = errors.New("panicked")

// command is a message of the actor that is compared with the model.
type command struct {
	id    int
	kind  kind
	reply Reply[int]
}

// puppet is the actor that is compared with the model, in all its incarnations.
type puppet struct {
	step    chan int // lets it end its message; the id of what it tells itself
	log     [][2]int
	missed  []undelivered
	stashed map[int]bool
	replies map[int]Reply[int]
}

func (p *puppet) behavior(name int) Behavior[command] {
	return Func[command](func(c *Context[command], m command) error {
		p.log = append(p.log, [2]int{m.id, name})
		p.replies[m.id] = m.reply
		id := <-p.step
		switch m.kind {
		case stashing:
			if !p.stashed[m.id] {
				p.stashed[m.id] = true
				c.Stash(m)
				return nil
			}
		case unstashing:
			c.Unstash()
		case becoming:
			c.Become(p.behavior(m.id))
		case telling:
			c.After(0, command{id: id})
		case silently:
			return nil
		case replyingAndFailing:
			m.reply.Send(m.id)
			return errTest
		case failing:
			return errTest
		case panicking:
			panic(errPanicked)
		case exiting:
			runtime.Goexit()
		}
		m.reply.Send(m.id)
		return nil
	})
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(uint8(0x00), []byte{0x00, 0x34, 0x04, 0x60, 0x60, 0x05, 0x60, 0x01, 0x60})
	f.Add(uint8(0x15), []byte{0x00, 0x01, 0x32, 0x30, 0xa0, 0x60, 0x60, 0xc0, 0x60})
	f.Add(uint8(0x2a), []byte{0x07, 0x60, 0x00, 0x00, 0x00, 0x37, 0x60, 0xd0, 0x60})
	f.Fuzz(compareWithModel)
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 4000 / slowdown {
		ops := make([]byte, 4+rng.IntN(60))
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		compareWithModel(t, uint8(rng.Uint32()), ops)
	}
}

// newPair makes an actor and its model. setup chooses the bound, its policy, and what
// follows a failure.
func newPair(t *testing.T, s *System, setup uint8) (*Ref[command], *puppet, *model) {
	m := &model{
		capacity:  []int{0, 1, 2, 4}[setup&0x03],
		policy:    Policy(setup >> 2 & 0x03 % 3),
		redeliver: []int{0, 0, 1, 2}[setup>>4&0x03],
		temporary: setup>>6 == 0x03,
	}
	p := &puppet{step: make(chan int), stashed: map[int]bool{}, replies: map[int]Reply[int]{}}
	opts := []Option{Redeliver(m.redeliver), OnUndelivered(func(u Undelivered) {
		p.missed = append(p.missed, undelivered{u.Message.(command).id, u.Reason})
	})}
	if m.capacity > 0 {
		opts = append(opts, Mailbox(m.capacity, m.policy))
	}
	if m.temporary {
		opts = append(opts, Restart(Temporary))
	}
	return spawn(t, s, "", func() Behavior[command] { return p.behavior(0) }, opts...), p, m
}

func compareWithModel(t *testing.T, setup uint8, ops []byte) {
	defer func() {
		if t.Failed() {
			t.Logf("setup %#x, ops %#v", setup, ops)
		}
	}()
	inBubble(t, func(t *testing.T, s *System) {
		ref, p, m := newPair(t, s, setup)
		var calls []*pending
		start := func(call *pending, fn func(context.Context) (int, error)) {
			ctx, cancel := context.WithCancel(context.Background())
			call.cancel = cancel
			call.actual = background(func() (int, error) { return fn(ctx) })
			synctest.Wait()
			calls = append(calls, call)
		}
		var silent []*pending // asks that can still be answered
		for i, op := range ops {
			id, n := i+1, int(op&0x0f)
			e := &item{id: id, kind: kind(n) % kinds}
			switch op >> 4 {
			case 0, 1, 2: // Tell
				call := &pending{item: e}
				if accepted, err := m.send(e, call); accepted || err != nil {
					call.end(0, err)
				}
				m.run()
				start(call, func(ctx context.Context) (int, error) {
					return 0, ref.Tell(ctx, command{id: id, kind: e.kind})
				})
			case 3: // TryTell
				_, err := m.send(e, nil)
				m.run()
				require.Equal(t, err, ref.TryTell(command{id: id, kind: e.kind}))
			case 4, 5: // Ask
				call := &pending{item: e, ask: true}
				e.call = call
				if _, err := m.send(e, call); err != nil {
					call.end(0, err)
				}
				m.run()
				start(call, func(ctx context.Context) (int, error) {
					return Ask(ctx, ref, func(r Reply[int]) command { return command{id, e.kind, r} })
				})
				silent = append(silent, call)
			case 6, 7, 8, 9, 10: // the actor goes on
				if m.current != nil {
					m.step(id)
					p.step <- id
				}
			case 11, 12: // cancel one that waits
				if n < len(calls) && calls[n].item != nil {
					m.cancel(calls[n], context.Canceled)
					calls[n].cancel()
				}
			case 13: // a late reply
				if n < len(silent) {
					call := silent[n]
					if r, ok := p.replies[call.item.id]; ok {
						if n%2 == 0 {
							m.reply(call, -1, nil)
							r.Send(-1)
						} else {
							m.reply(call, 0, errTest)
							r.Fail(errTest)
						}
					}
				}
			case 14, 15: // Stop, Kill
				if n < 13 {
					continue
				}
				call, end := &pending{}, ref.Stop
				m.close()
				if op>>4 == 15 {
					m.killed = true
					end = ref.Kill
				}
				m.ends = append(m.ends, call)
				if m.gone {
					call.end(0, nil)
				}
				m.run()
				start(call, func(ctx context.Context) (int, error) { return 0, end(ctx) })
			}
			synctest.Wait()
			calls = compareCalls(t, calls)
			require.Equal(t, m.log, p.log)
			require.Equal(t, m.missed, p.missed)
			stats := m.stats
			stats.Waiting = stats.Accepted - stats.Handled - stats.Undelivered
			require.Equal(t, stats, ref.Stats())
			if !m.gone {
				busy := 0
				if m.current != nil {
					busy = 1
				}
				require.EqualValues(t, len(m.first)+len(m.in)+len(m.stash)+busy, stats.Waiting)
			}
		}
		for _, call := range calls {
			call.cancel()
		}
		killed := background(func() (int, error) { return 0, ref.Kill(context.Background()) })
		if m.current != nil {
			synctest.Wait()
			p.step <- 0
		}
		require.True(t, killed.over())
		require.Zero(t, ref.Stats().Waiting)
		require.Nil(t, ref.actor.more.asks)
	})
}

// compareCalls returns those that are not over.
func compareCalls(t *testing.T, calls []*pending) (rest []*pending) {
	for _, call := range calls {
		if !call.actual.over() {
			require.False(t, call.over, "waits, should have returned %v", call.err)
			rest = append(rest, call)
			continue
		}
		require.True(t, call.over, "returned %v, should wait", call.actual.err)
		if call.err == nil {
			require.NoError(t, call.actual.err)
		} else {
			require.ErrorIs(t, call.actual.err, call.err)
		}
		require.Equal(t, call.value, call.actual.value)
	}
	return rest
}
