package boundedbuf_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/boundedbuf"
)

// item has a priority, and an id by which the test knows it.
type item struct{ priority, id int }

func before(a, b item) bool { return a.priority < b.priority }

// call is a put or get that was started.
type call struct {
	batch  []item // what a put puts, or what a get got
	most   int    // of a get
	n      int    // of a put
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

func start(fn func(*call, context.Context)) *call {
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{cancel: cancel, done: make(chan struct{})}
	go func() {
		fn(c, ctx)
		close(c.done)
	}()
	synctest.Wait()
	return c
}

// pending is what the model expects of a call.
type pending struct {
	*call
	put  []item // what remains to be put
	got  []item
	n    int
	over bool
	err  error
}

// model is a buffer without concurrency, whose items are in the order in which
// they entered.
type model struct {
	order      string
	capacity   int
	policy     boundedbuf.Policy
	items      []item
	putting    []*pending
	getting    []*pending
	closed     bool
	unfinished int
	high       int
	dropped    int64
}

// next returns the place of the item that leaves next.
func (m *model) next() int {
	switch m.order {
	case "lifo":
		return len(m.items) - 1
	case "priority":
		best := 0
		for i, v := range m.items {
			if before(v, m.items[best]) {
				best = i
			}
		}
		return best
	}
	return 0
}

func (m *model) take() item {
	at := m.next()
	v := m.items[at]
	m.items = slices.Delete(slices.Clone(m.items), at, at+1)
	return v
}

// give reports whether v was put, and if not, why if it does not wait.
func (m *model) give(v item) (bool, error) {
	if m.closed {
		return false, boundedbuf.ErrClosed
	}
	if len(m.items) == m.capacity {
		drop := 0
		switch m.policy {
		case boundedbuf.Block:
			return false, nil
		case boundedbuf.Reject:
			return false, boundedbuf.ErrFull
		case boundedbuf.EvictLowest:
			for i, o := range m.items {
				if !before(o, m.items[drop]) {
					drop = i
				}
			}
			if !before(v, m.items[drop]) {
				return false, boundedbuf.ErrFull
			}
		}
		m.items = slices.Delete(slices.Clone(m.items), drop, drop+1)
		m.dropped++
		m.unfinished--
	}
	m.items = append(m.items, v)
	m.unfinished++
	m.high = max(m.high, len(m.items))
	return true, nil
}

// putAll puts what it can for p, and reports whether that is over.
func (m *model) putAll(p *pending) {
	for len(p.put) > 0 {
		ok, err := m.give(p.put[0])
		if !ok {
			p.err, p.over = err, err != nil
			return
		}
		p.put = p.put[1:]
		p.n++
	}
	p.over = true
}

func (m *model) getBatch(p *pending) {
	for len(m.items) > 0 && len(p.got) < p.most {
		p.got = append(p.got, m.take())
	}
	p.over = len(p.got) > 0
}

// serve serves those who wait as long as anything changes.
func (m *model) serve() {
	for changed := true; changed; {
		changed = false
		if len(m.getting) > 0 && len(m.items) > 0 {
			m.getBatch(m.getting[0])
			m.getting = m.getting[1:]
			changed = true
		}
		if len(m.putting) > 0 && (len(m.items) < m.capacity || m.closed) {
			p := m.putting[0]
			m.putting = m.putting[1:]
			if m.putAll(p); !p.over {
				m.putting = append(m.putting, p) // it waits for its next turn
			}
			changed = true
		}
	}
	if m.closed && len(m.items) == 0 {
		for _, p := range m.getting {
			p.err, p.over = boundedbuf.ErrClosed, true
		}
		m.getting = nil
	}
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(uint8(0x01), []byte{0x00, 0x01, 0x22, 0x13, 0x30, 0x43, 0x90, 0x51, 0x20})
	f.Add(uint8(0x12), []byte{0x51, 0x53, 0x43, 0x60, 0x00, 0x20, 0xa0, 0x70, 0x80})
	f.Add(uint8(0x63), []byte{0x03, 0x12, 0x01, 0x00, 0x53, 0x42, 0x70, 0xb0})
	f.Fuzz(compareWithModel)
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 3000 / slowdown {
		ops := make([]byte, 4+rng.IntN(50))
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		compareWithModel(t, uint8(rng.Uint32()), ops)
	}
}

// kind chooses the order, the policy and the capacity.
func newPair(kind uint8) (*boundedbuf.Buffer[item], *model) {
	m := &model{
		order:    []string{"fifo", "lifo", "priority", "priority"}[kind>>4&0x03],
		policy:   boundedbuf.Policy(kind >> 6),
		capacity: int(kind%3)*2 + 1, // 1, 3, 5
	}
	if kind&0x08 != 0 {
		m.policy = boundedbuf.Block
	}
	if m.policy == boundedbuf.EvictLowest {
		m.order = "priority"
	}
	policy := boundedbuf.WhenFull(m.policy)
	switch m.order {
	case "lifo":
		return boundedbuf.NewLIFO[item](m.capacity, policy), m
	case "priority":
		return boundedbuf.NewPriority(m.capacity, before, policy), m
	}
	return boundedbuf.New[item](m.capacity, policy), m
}

func compareWithModel(t *testing.T, kind uint8, ops []byte) {
	synctest.Test(t, func(t *testing.T) {
		buf, m := newPair(kind)
		var calls []*pending
		for i, op := range ops {
			n := int(op & 0x0f)
			v := item{n % 4, i}
			switch op >> 4 {
			case 0, 1: // Put
				p := &pending{put: []item{v}}
				if m.putAll(p); !p.over {
					m.putting = append(m.putting, p)
				}
				p.call = start(func(c *call, ctx context.Context) {
					if c.err = buf.Put(ctx, v); c.err == nil {
						c.n = 1
					}
				})
				calls = append(calls, p)
			case 2, 3: // Get
				p := &pending{}
				p.call = start(func(c *call, ctx context.Context) {
					c.most = 1
					if v, err := buf.Get(ctx); err != nil {
						c.err = err
					} else {
						c.batch = []item{v}
					}
				})
				m.getting = append(m.getting, p)
				calls = append(calls, p)
			case 4: // GetBatch
				p := &pending{}
				p.call = start(func(c *call, ctx context.Context) {
					c.most = n%3 + 1
					dst := make([]item, c.most)
					k, err := buf.GetBatch(ctx, dst)
					c.batch, c.err = dst[:k], err
				})
				m.getting = append(m.getting, p)
				calls = append(calls, p)
			case 5, 6: // PutAll
				if len(m.getting) > 0 {
					continue // how much each of them gets depends on who runs first
				}
				batch := make([]item, n%6)
				for j := range batch {
					batch[j] = item{(n + j) % 4, i*16 + j + 1000}
				}
				p := &pending{put: batch}
				if m.putAll(p); !p.over {
					m.putting = append(m.putting, p)
				}
				p.call = start(func(c *call, ctx context.Context) { c.n, c.err = buf.PutAll(ctx, batch) })
				calls = append(calls, p)
			case 7: // TryPut
				ok, _ := m.give(v)
				require.Equal(t, ok, buf.TryPut(v))
			case 8: // TryGet
				got, ok := buf.TryGet()
				require.Equal(t, len(m.items) > 0, ok)
				if ok {
					require.Equal(t, m.take(), got)
				}
			case 9, 10: // cancel one that waits
				waiting := slices.Concat(m.putting, m.getting)
				if n < len(waiting) {
					p := waiting[n]
					p.cancel()
					p.err, p.over = context.Canceled, true
					is := func(o *pending) bool { return o == p }
					m.putting = slices.DeleteFunc(m.putting, is)
					m.getting = slices.DeleteFunc(m.getting, is)
				}
			case 11: // Done
				if m.unfinished > len(m.items) {
					buf.Done()
					m.unfinished--
				} else {
					require.Panics(t, buf.Done)
				}
			case 12: // time, past the bound or not
				time.Sleep(time.Duration(n) * time.Millisecond / 4)
			case 13: // Close
				if n == 0 {
					buf.Close()
					m.closed = true
				}
			case 14: // CloseNow
				if n == 0 {
					m.closed = true
					var left []item
					for len(m.items) > 0 {
						left = append(left, m.take())
						m.unfinished--
					}
					require.Equal(t, left, append([]item(nil), buf.CloseNow()...))
				}
			case 15: // Join that must not wait
				if m.unfinished == 0 {
					require.NoError(t, buf.Join(t.Context()))
				}
			}
			synctest.Wait()
			m.serve()
			calls = slices.DeleteFunc(calls, func(p *pending) bool {
				select {
				case <-p.done:
				default:
					require.False(t, p.over, "waits, should have returned %v", p.err)
					return false
				}
				require.True(t, p.over, "returned %v, should wait", p.call.err)
				require.True(t, errors.Is(p.call.err, p.err), "returned %v, not %v", p.call.err, p.err)
				require.Equal(t, p.n, p.call.n)
				require.Equal(t, p.got, append([]item(nil), p.batch...))
				return true
			})
			require.Equal(t, boundedbuf.Stats{
				Len: len(m.items), Cap: m.capacity, High: m.high,
				Putting: len(m.putting), Getting: len(m.getting),
				Unfinished: m.unfinished, Dropped: m.dropped, Closed: m.closed,
			}, buf.Stats())
			require.Equal(t, len(m.items), buf.Len())
		}
		for _, p := range calls {
			p.cancel()
		}
	})
}
