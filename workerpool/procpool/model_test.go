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

// model is the pool without concurrency: what it is when nothing can go on.
type model struct {
	Stats
	maxTasks        int
	idle            []*modelWorker
	running         map[*call]*modelWorker
	waiting         []*call
	next            map[*call]int // its task that runs or waits
	failing, broken bool
	failures        int
	killed          bool
}

type modelWorker struct {
	left  int
	since time.Time
}

const idleTime = time.Minute

func (m *model) submit(c *call) {
	if m.Closed || m.broken {
		return
	}
	m.Submitted += int64(len(c.fakeBatch))
	m.Waiting += int64(len(c.fakeBatch))
	m.waiting = append(m.waiting, c)
	m.serve()
}

// serve gives workers to those who wait, and starts some.
func (m *model) serve() {
	for len(m.waiting) > 0 {
		if (m.killed || m.broken) && len(m.idle) == 0 {
			as := &m.Cancelled
			if !m.killed {
				as = &m.Failed
			}
			for _, c := range m.waiting {
				n := int64(len(c.fakeBatch) - m.next[c])
				m.Waiting -= n
				*as += n
			}
			m.waiting = nil
			break
		}
		if n := len(m.idle); n > 0 {
			w := m.idle[n-1]
			m.idle = m.idle[:n-1]
			m.running[m.waiting[0]] = w
			m.waiting = m.waiting[1:]
			m.Waiting--
			m.Running++
			continue
		}
		if m.Workers == m.Limit {
			break
		}
		if m.failing {
			if m.failures++; m.failures == maxStartFailures {
				m.broken = true
				continue
			}
			c := m.waiting[0]
			m.waiting = m.waiting[1:]
			m.Waiting--
			m.Failed++
			if m.next[c]++; m.next[c] < len(c.fakeBatch) {
				m.waiting = append(m.waiting, c) // it comes again, behind the others
			}
			continue
		}
		m.failures = 0
		m.Workers++
		m.Started++
		m.idle = append(m.idle, &modelWorker{left: m.maxTasks})
	}
	if m.Closed {
		m.Workers -= len(m.idle)
		m.idle = nil
	}
}

// finish ends the running task of c.
func (m *model) finish(c *call, err error) {
	w := m.running[c]
	m.Running--
	switch err {
	case nil:
		m.Done++
	case errCrash:
		m.Failed++
	default:
		m.Cancelled++
	}
	m.next[c]++
	w.left--
	more := m.next[c] < len(c.fakeBatch)
	if more && err == nil && w.left != 0 {
		m.Waiting--
		m.Running++
		return
	}
	delete(m.running, c)
	if more && err == context.Canceled { // the rest is cancelled with it
		n := int64(len(c.fakeBatch) - m.next[c])
		m.Waiting -= n
		m.Cancelled += n
		w.left -= int(n)
	} else if more {
		m.waiting = append(m.waiting, c)
	}
	if err == errCrash || m.maxTasks > 0 && w.left <= 0 {
		m.Workers--
	} else {
		w.since = time.Now()
		m.idle = append(m.idle, w)
	}
	m.serve()
}

func (m *model) cancel(c *call) {
	i := slices.Index(m.waiting, c)
	m.waiting = slices.Delete(m.waiting, i, i+1)
	n := int64(len(c.fakeBatch) - m.next[c])
	m.Waiting -= n
	m.Cancelled += n
	m.serve()
}

func (m *model) close() {
	m.Closed, m.killed = true, true
	for c := range m.running {
		n := int64(len(c.fakeBatch) - m.next[c])
		m.Cancelled += n
		m.Waiting -= n - 1
		m.Running--
	}
	clear(m.running)
	m.idle, m.Workers = nil, 0
	m.serve()
}

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
