package tokenbucket_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

func FuzzAgainstModel(f *testing.F) {
	f.Add([]byte{0x03, 0x02, 0x0b, 0x14, 0x21, 0x1b, 0x22, 0x29, 0x30})
	f.Add([]byte{0x1c, 0x39, 0x04, 0x1a, 0x38, 0x20, 0x21, 0x50, 0x43, 0x39, 0x02})
	f.Fuzz(compareWithModel)
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 10_000 / slowdown {
		ops := make([]byte, 4+rng.IntN(40))
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		compareWithModel(t, ops)
		if t.Failed() {
			t.Fatalf("%#v", ops)
		}
	}
}

func compareWithModel(t *testing.T, ops []byte) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(10, 5)
		began := time.Now()
		m := &model{rate: 10, burst: 5}
		m.add(happened{})
		for _, op := range ops {
			n := int64(op & 0x07)
			switch op >> 3 & 0x0f {
			case 0, 1: // Take
				m.take(t, b, n, 0)
			case 2: // with a deadline
				m.take(t, b, n, time.Duration(n*n)*60*time.Millisecond+time.Millisecond)
			case 3, 4: // TryTake
				want := (n <= m.burst || m.rate == infinite) && m.wait(n) == 0
				require.Equal(t, want, b.TryTake(int(n)))
				if want && m.rate != infinite {
					m.add(happened{taken: true, take: n * token})
				}
			case 5, 6: // Reserve
				wait := m.wait(n)
				r := &modelReservation{Reservation: b.Reserve(int(n)), over: m.rate == infinite}
				require.Equal(t, (n <= m.burst || m.rate == infinite) && wait >= 0, r.OK())
				if !r.OK() {
					break
				}
				require.Equal(t, began.Add(time.Duration(m.now)+wait), r.At())
				require.Equal(t, wait, r.Delay())
				if !r.over {
					r.took = m.add(happened{taken: true, take: n * token})
				}
				m.reservations = append(m.reservations, r)
			case 7, 8: // cancel a reservation
				if int(n) < len(m.reservations) {
					r := m.reservations[n]
					r.Cancel()
					if !r.over {
						m.forget(r.took)
						r.over = true
					}
				}
			case 9: // cancel a call
				if int(n) < len(m.calls) {
					c := m.calls[n]
					c.cancel()
					if !c.over {
						m.finish(c, context.Canceled)
					}
				}
			case 10: // Refund
				if m.unclear() {
					break
				}
				b.Refund(int(n))
				if n > 0 && m.rate != infinite {
					m.add(happened{back: n * token, pending: m.pending()})
				}
			case 11: // SetRate
				m.rate = []int64{0, 5, 10, 20, 5, 10, 20, infinite}[n]
				if m.rate == infinite {
					b.SetRate(tokenbucket.Inf)
				} else {
					b.SetRate(float64(m.rate))
				}
				m.add(happened{})
			case 12: // SetBurst
				m.setBurst(b, n+1)
			default: // time
				for range n * n {
					m.pass(time.Millisecond)
					m.pass(9 * time.Millisecond)
				}
			}
			synctest.Wait()
			m.serve()
			missing := m.missing()
			for _, r := range m.reservations {
				r.over = r.over || r.took.ahead <= 0 || m.rate == infinite
			}
			m.check(t)
			for _, h := range m.pending() {
				missing -= h.take
			}
			st := b.Stats()
			waiting := slices.DeleteFunc(slices.Clone(m.calls), func(c *modelCall) bool { return c.over })
			require.InDelta(t, float64(m.burst)-float64(missing)/float64(token), st.Tokens, 1e-9)
			require.Equal(t, len(waiting), st.Waiting)
		}
		for _, c := range m.calls {
			c.cancel()
		}
	})
}
