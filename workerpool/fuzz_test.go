package workerpool

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A realItem is what happens to a task in the pool.
type realItem struct {
	cancel   context.CancelFunc
	ctx      context.Context
	returned chan struct{} // by the submission, which gave the rest
	err      error
	future   *Future[int]
}

// known reports whether there is a future.
func (r *realItem) known() bool {
	if r.returned != nil {
		select {
		case <-r.returned:
		default:
			return false
		}
	}
	return r.future != nil
}

// run is the function of the task.
func (i *item) run(ctx context.Context) (int, error) {
	select {
	case <-time.After(i.takes):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	switch i.err {
	case errPanic:
		panic(i.id)
	case ErrGoexit:
		runtime.Goexit()
	}
	return i.id, i.err
}

func (i *item) options() (opts []TaskOption) {
	if i.priority != 0 {
		opts = append(opts, Priority(i.priority))
	}
	if i.timeout != never {
		opts = append(opts, Timeout(i.timeout))
	}
	return opts
}

// submit submits the task on a goroutine of its own.
func (i *item) submit(p *Pool) {
	r := &i.real
	r.returned = make(chan struct{})
	go func() {
		// If the task calls runtime.Goexit here, the future is not to be had.
		defer close(r.returned)
		r.err = ErrGoexit
		r.future, r.err = Submit(r.ctx, p, i.run, i.options()...)
	}()
	synctest.Wait()
}

func FuzzModel(f *testing.F) {
	f.Add(uint8(0x01), []byte{0x00, 0x01, 0x22, 0x13, 0x30, 0x43, 0x90, 0x51, 0x20, 0xf0})
	f.Add(uint8(0x12), []byte{0x51, 0x73, 0x43, 0x60, 0x00, 0x20, 0xa0, 0x70, 0x80, 0xe0})
	f.Add(uint8(0x63), []byte{0x03, 0x12, 0x01, 0x00, 0x53, 0xa2, 0xa1, 0xb0, 0xc8, 0xe0, 0x05})
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

// newItem returns the task of the i-th operation. No two things happen at the same time,
// since that leaves open in which order.
func newItem(i, n int) *item {
	odd := time.Duration(rand.New(rand.NewPCG(uint64(i), 1)).Int64N(int64(time.Second)))
	return &item{
		id: i, priority: n%3 - 1, takes: time.Duration(n%5)*time.Second + odd,
		timeout: never, ctxEnd: never,
	}
}

func compareWithModel(t *testing.T, kind uint8, ops []byte) {
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if t.Failed() {
				t.Logf("compareWithModel(t, %#x, %#v)", kind, ops)
			}
		}()
		m := &model{limit: int(kind%3) + 1, capacity: int(kind >> 2 % 4), policy: Policy(kind >> 4 % 3)}
		p := New(m.limit, Queue(m.capacity), WhenFull(m.policy))
		var items, all []*item
		shutdown := make(chan struct{})
		shutting := false
		start := func(i *item) {
			ctx := t.Context()
			if i.ctxEnd != never {
				ctx, i.real.cancel = context.WithTimeout(ctx, i.ctxEnd-m.now)
				i.ctxErr = context.DeadlineExceeded
			} else {
				ctx, i.real.cancel = context.WithCancel(ctx)
			}
			i.real.ctx = ctx
			items = append(items, i)
			m.submit(i, m.policy)
			i.submit(p)
		}
		for at, op := range ops {
			n := int(op & 0x0f)
			i := newItem(at, n)
			if m.policy == Block {
				i.priority = 0 // who has just come to wait for room is not in the queue at once
			}
			switch op >> 4 {
			case 0, 1, 2:
				start(i)
			case 3:
				i.ctxEnd = m.now + newItem(at+1000, n+1).takes
				start(i)
			case 4:
				i.timeout = newItem(at+1000, n+2).takes
				start(i)
			case 5:
				i.err = []error{errTask, errPanic, ErrGoexit}[n%3]
				if i.err == ErrGoexit && m.policy == CallerRuns {
					i.err = errTask // it would end the submission, and its future with that
				}
				start(i)
			case 6:
				if n%2 == 0 {
					p.Pause()
					m.paused = m.closing == nil
				} else {
					p.Resume()
					m.paused = false
					m.settle()
				}
			case 7:
				p.Resize(n%4 + 1)
				m.limit = n%4 + 1
				m.settle()
			case 8:
				if n < len(items) {
					o := items[len(items)-1-n]
					if o.real.cancel == nil {
						continue
					}
					o.real.cancel()
					m.cancel(o)
				}
			case 9, 10:
				if n < len(items) {
					o := items[len(items)-1-n]
					// Whether a submission that waits for room or one that follows gets it is open.
					if !o.real.known() || m.policy == Block {
						continue
					}
					// Of those that follow the same one it is open which is queued first.
					i.follows, i.submitted, i.priority = o, true, 0
					i.real.ctx, i.real.cancel = context.WithCancel(t.Context())
					items = append(items, i)
					i.real.future = Then(i.real.ctx, o.real.future, func(ctx context.Context, _ int) (int, error) { return i.run(ctx) }, i.options()...)
					if o.over {
						m.follow(i, o)
					} else {
						o.then = append(o.then, i)
					}
				}
			case 11, 12:
				d := time.Duration(n) * 300 * time.Millisecond
				time.Sleep(d)
				m.advance(d)
			case 13:
				f, ok := TrySubmit(p, i.run, i.options()...)
				require.Equal(t, m.closing == nil && !m.full(), ok)
				if ok {
					i.real = realItem{future: f}
					m.submit(i, Reject)
					items = append(items, i)
				}
			case 14:
				if n == 0 {
					m.shutdown()
					if !shutting {
						shutting = true
						go func() {
							_ = p.Shutdown(context.Background())
							close(shutdown)
						}()
					}
				}
			case 15:
				if n == 0 {
					m.close()
					p.Close()
				}
			}
			all = append(all, i)
			items = compare(t, p, m, items)
			// Those who have waited for longer than the bound are not overtaken.
			time.Sleep(2 * time.Millisecond)
			m.advance(2 * time.Millisecond)
			items = compare(t, p, m, items)
			select {
			case <-shutdown:
				require.True(t, m.gone())
			default:
				require.False(t, shutting && m.gone())
			}
		}
		p.Close()
		for _, i := range all {
			if i.real.cancel != nil {
				i.real.cancel()
			}
		}
	})
}

// compare requires that all has happened that the model expects, and returns the items that
// something can happen to.
func compare(t *testing.T, p *Pool, m *model, items []*item) []*item {
	synctest.Wait()
	s := p.Stats()
	require.NoError(t, identity(s))
	require.LessOrEqual(t, s.Idle, s.Limit)
	s.Workers, s.Idle = 0, 0
	require.Equal(t, m.stats(), s)
	return slices.DeleteFunc(items, func(i *item) bool {
		if i.real.returned != nil {
			select {
			case <-i.real.returned:
				require.True(t, i.submitted, "%d waits for room", i.id)
				require.Equal(t, i.refused, i.real.err)
			default:
				require.False(t, i.submitted, "%d was submitted, %v", i.id, i.refused)
				return false
			}
		}
		if i.real.future == nil {
			return true
		}
		require.Equal(t, i.over, resolved(i.real.future), "%d", i.id)
		if i.over {
			v, err := i.real.future.Wait(t.Context())
			require.True(t, matches(i.endErr, err), "%d ended with %v, not %v", i.id, err, i.endErr)
			require.True(t, err != nil || v == i.id)
		}
		return false
	})
}
