package connpool_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/semaphore/connpool"
)

// model is a pool without concurrency whose dials take no time.
type model struct {
	max, open int
	idle      []int // connections by number, the one used last at the end
	lent      []*loan
	waiting   []*waiter
	closed    bool
}

type waiter struct {
	*call
	cancel context.CancelFunc
}

func (m *model) returned(id int) {
	if m.closed || m.open > m.max {
		m.open--
	} else {
		m.idle = append(m.idle, id)
	}
}

// serve returns the calls that get a connection.
func (m *model) serve() (served []*waiter) {
	for len(m.waiting) > 0 && len(m.lent)+len(served) < m.max {
		served = append(served, m.waiting[0])
		m.waiting = m.waiting[1:]
		if len(m.idle) > 0 {
			m.idle = m.idle[:len(m.idle)-1]
		} else {
			m.open++
		}
	}
	return served
}

func FuzzAgainstModel(f *testing.F) {
	f.Add([]byte{0x00, 0x00, 0x00, 0x10, 0x11, 0x20, 0x41, 0x43, 0x10, 0x30})
	f.Add([]byte{0x43, 0x00, 0x00, 0x00, 0x40, 0x10, 0x10, 0x10, 0x50, 0x00})
	f.Fuzz(compareWithModel)
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		ops := make([]byte, 4+rng.IntN(40))
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		compareWithModel(t, ops)
	}
}

func compareWithModel(t *testing.T, ops []byte) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		m := &model{max: 3}
		p := newPool(s, config{MaxConns: m.max})
		for _, op := range ops {
			n := int(op & 0x0f)
			switch op >> 4 & 0x07 {
			case 0, 1, 2: // Acquire
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				top := 0
				if len(m.idle) > 0 && len(m.waiting) == 0 && len(m.lent) < m.max {
					top = m.idle[len(m.idle)-1]
				}
				w := &waiter{start(ctx, p), cancel}
				if m.closed {
					<-w.done
					require.ErrorIs(t, w.err, connpool.ErrClosed)
					break
				}
				m.waiting = append(m.waiting, w)
				settle(t, m)
				if top != 0 {
					require.Equal(t, top, w.conn.Value().id, "not the one that was used last")
				}
			case 3: // Release
				if n < len(m.lent) {
					l := m.lent[n]
					m.lent = append(m.lent[:n:n], m.lent[n+1:]...)
					m.returned(l.Value().id)
					l.Release()
					settle(t, m)
				}
			case 4: // Discard
				if n < len(m.lent) {
					l := m.lent[n]
					m.lent = append(m.lent[:n:n], m.lent[n+1:]...)
					m.open--
					l.Discard()
					settle(t, m)
				}
			case 5: // cancel
				if n < len(m.waiting) {
					w := m.waiting[n]
					m.waiting = append(m.waiting[:n:n], m.waiting[n+1:]...)
					w.cancel()
					<-w.done
					require.ErrorIs(t, w.err, context.Canceled)
				}
			case 6: // Resize
				n = n%4 + 1
				p.Resize(n)
				m.max = n
				for m.open > m.max && len(m.idle) > 0 {
					m.idle = m.idle[1:]
					m.open--
				}
				settle(t, m)
			case 7: // Close, and see who holds
				if n != 0 {
					time.Sleep(time.Millisecond * time.Duration(n))
					break
				}
				ended, cancel := context.WithCancel(t.Context())
				cancel()
				err := p.Close(ended)
				m.closed = true
				for _, w := range m.waiting {
					<-w.done
					require.ErrorIs(t, w.err, connpool.ErrClosed)
				}
				m.waiting, m.open, m.idle = nil, m.open-len(m.idle), nil
				if len(m.lent) > 0 {
					var held *connpool.HeldError
					require.ErrorAs(t, err, &held)
					require.Len(t, held.Holders, len(m.lent))
				}
			}
			synctest.Wait()
			st := p.Stats()
			require.Equal(t, connpool.Stats{Max: m.max, Open: m.open, Idle: len(m.idle), Lent: len(m.lent),
				Waiting: len(m.waiting), Closed: m.closed, Dials: st.Dials, Closes: st.Closes, Waits: st.Waits}, st)
			open, dials := s.counts()
			require.Equal(t, m.open, open)
			require.EqualValues(t, dials, st.Dials)
			require.EqualValues(t, s.closed(), st.Closes)
		}
		for _, l := range m.lent {
			l.Release()
		}
		for _, w := range m.waiting {
			w.cancel()
			if <-w.done; w.err == nil {
				w.conn.Release()
			}
		}
		closeAll(t, p, s)
	})
}

// settle takes the calls that the model serves from those that wait.
func settle(t *testing.T, m *model) {
	t.Helper()
	synctest.Wait()
	for _, w := range m.serve() {
		require.True(t, w.returned(), "still waits")
		require.NoError(t, w.err)
		m.lent = append(m.lent, w.conn)
	}
}
