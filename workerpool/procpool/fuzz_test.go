package procpool

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzAgainstModel(f *testing.F) {
	f.Add(uint8(0x01), []byte{0x00, 0x00, 0x20, 0x10, 0x50, 0x20})
	f.Add(uint8(0x12), []byte{0x00, 0x11, 0x02, 0x20, 0x30, 0x40, 0x60, 0x00, 0x70})
	f.Add(uint8(0x23), []byte{0x80, 0x00, 0x00, 0x00, 0x00, 0x80, 0x90})
	f.Fuzz(compareWithModel)
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 3000 / slowdown {
		ops := make([]byte, 4+rng.IntN(60))
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		compareWithModel(t, uint8(rng.Uint32()), ops)
	}
}

func compareWithModel(t *testing.T, kind uint8, ops []byte) {
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		m := &model{running: map[*call]*modelWorker{}, next: map[*call]int{}, maxTasks: int(kind >> 4 % 4)}
		m.Limit = int(kind%4) + 1
		opts := []Option{IdleTime(idleTime)}
		if m.maxTasks > 0 {
			opts = append(opts, MaxTasks(m.maxTasks))
		}
		p := f.pool(m.Limit, opts...)
		var calls []*call
		for _, op := range ops {
			n := int(op & 0x0f)
			var c *call
			if len(calls) > 0 {
				c = calls[n%len(calls)]
			}
			_, runs := m.running[c]
			waits := slices.Contains(m.waiting, c)
			switch op >> 4 {
			default: // a call
				c := begin(t.Context(), p, n%3+1)
				calls = append(calls, c)
				m.submit(c)
			case 5, 6, 7, 8: // a task ends well
				if runs {
					i := m.next[c]
					c.finish(i, nil)
					m.finish(c, nil)
				}
			case 9: // a task crashes
				if runs {
					i := m.next[c]
					c.finish(i, errCrash)
					m.finish(c, errCrash)
				}
			case 10: // a call is cancelled
				if runs && m.maxTasks == 0 {
					c.cancel()
					synctest.Wait()
					m.finish(c, context.Canceled)
				} else if waits {
					c.cancel()
					synctest.Wait()
					m.cancel(c)
				}
			case 11, 12: // time passes
				time.Sleep(time.Duration(n+1) * idleTime / 8)
				synctest.Wait()
				m.idle = slices.DeleteFunc(m.idle, func(w *modelWorker) bool {
					old := time.Since(w.since) >= idleTime
					if old {
						m.Workers--
					}
					return old
				})
			case 13: // workers start to fail, or cease to
				m.failing = n%4 == 0
				f.fail(m.failing)
			case 14:
				if n == 0 {
					go p.Shutdown(t.Context())
					synctest.Wait()
					m.Closed = true
					m.serve()
				}
			case 15:
				if n == 0 {
					p.Close()
					synctest.Wait()
					m.close()
				}
			}
			m.Idle = len(m.idle)
			require.Equal(t, m.Stats, p.Stats())
			st := p.Stats()
			require.Equal(t, st.Submitted, st.Waiting+st.Running+st.Done+st.Failed+st.Cancelled)
			require.Equal(t, st.Workers, f.alive())
			require.LessOrEqual(t, f.atMost(), m.Limit)
			calls = slices.DeleteFunc(calls, func(c *call) bool {
				_, runs := m.running[c]
				over := !runs && !slices.Contains(m.waiting, c)
				require.Equal(t, over, c.returned())
				for i, task := range c.fakeBatch {
					require.LessOrEqual(t, task.begun, 1)
					if i < m.next[c] && task.begun == 0 {
						require.Error(t, task.err)
					}
				}
				return over
			})
		}
		p.Close()
		require.Zero(t, f.alive())
	})
}
