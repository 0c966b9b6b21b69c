package barrier_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/barrier"
)

// model is a barrier without concurrency.
type model struct {
	parties int
	policy  barrier.CancelPolicy
	waiting []*expected
	kept    int // arrivals that are counted and gone
	trips   int64
	broken  bool
}

// expected is what a Wait that has not returned will return.
type expected struct {
	*call
	err  error
	over bool
}

func (m *model) arrived() int { return len(m.waiting) + m.kept }

func (m *model) release(err error) {
	for _, w := range m.waiting {
		w.err, w.over = err, true
	}
	m.waiting, m.kept = nil, 0
}

func (m *model) arrive(w *expected) {
	if m.broken {
		w.err, w.over = barrier.ErrBroken, true
		return
	}
	m.waiting = append(m.waiting, w)
	m.tripIfComplete()
}

func (m *model) tripIfComplete() {
	if m.parties > 0 && m.arrived() == m.parties {
		m.trips++
		m.release(nil)
	}
}

func (m *model) cancel(w *expected) {
	m.waiting = slices.DeleteFunc(m.waiting, func(o *expected) bool { return o == w })
	w.err, w.over = context.Canceled, true
	switch m.policy {
	case barrier.Break:
		m.broken = true
		m.release(barrier.ErrBroken)
	case barrier.KeepCounted:
		m.kept++
	}
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(uint8(0x03), []byte{0x00, 0x00, 0x00, 0x00, 0x10, 0x30, 0x00, 0x20, 0x00})
	f.Add(uint8(0x12), []byte{0x00, 0x10, 0x00, 0x00, 0x40, 0x00, 0x40, 0x40})
	f.Add(uint8(0x24), []byte{0x00, 0x10, 0x00, 0x00, 0x00, 0x50, 0x10, 0x30, 0x00})
	f.Fuzz(compareWithModel)
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		ops := make([]byte, 4+rng.IntN(50))
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		compareWithModel(t, uint8(rng.Uint32()), ops)
	}
}

func compareWithModel(t *testing.T, kind uint8, ops []byte) {
	synctest.Test(t, func(t *testing.T) {
		m := &model{parties: int(kind&0x0f)%5 + 1, policy: barrier.CancelPolicy(kind >> 4 % 3)}
		actions := int64(0)
		b := barrier.New(m.parties, barrier.OnCancel(m.policy), barrier.Action(func() error { actions++; return nil }))
		var calls []*expected
		for _, op := range ops {
			n := int(op & 0x0f)
			switch op >> 4 & 0x07 {
			case 0, 1, 2: // Wait
				if m.parties == 0 {
					require.Panics(t, func() { _, _ = b.Wait(t.Context()) })
					break
				}
				w := &expected{call: start(b)}
				calls = append(calls, w)
				m.arrive(w)
			case 3, 4: // cancel one, and sometimes have another one arrive before it has noticed
				if n >= len(m.waiting) {
					break
				}
				w := m.waiting[n]
				w.cancel()
				m.cancel(w)
				if op&0x80 != 0 && m.parties > 0 {
					w := &expected{call: start(b)}
					calls = append(calls, w)
					m.arrive(w)
				}
			case 5: // Reset
				b.Reset()
				m.release(barrier.ErrBroken)
				m.broken = false
			case 6: // Abort
				if n < 4 {
					b.Abort(nil)
					m.broken = true
					m.release(barrier.ErrBroken)
				}
			case 7: // Leave
				if n >= 4 {
					break
				}
				if m.parties == 0 {
					require.Panics(t, b.Leave)
					break
				}
				b.Leave()
				m.parties--
				m.tripIfComplete()
			}
			synctest.Wait()
			calls = slices.DeleteFunc(calls, func(w *expected) bool {
				require.Equal(t, w.over, w.returned())
				if !w.over {
					return false
				}
				if w.err == nil {
					require.NoError(t, w.call.err)
				} else {
					require.ErrorIs(t, w.call.err, w.err)
				}
				return true
			})
			require.Equal(t, barrier.Stats{Parties: m.parties, Arrived: m.arrived(), Trips: m.trips, Broken: m.broken}, b.Stats())
			require.Equal(t, m.trips, actions)
		}
		b.Reset()
	})
}
