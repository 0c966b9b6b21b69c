package verify

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/boundedbuf"
)

// buffer is what is verified.
type buffer interface {
	Put(context.Context, item) error
	TryPut(item) bool
	Get(context.Context) (item, error)
	TryGet() (item, bool)
	GetBatch(context.Context, []item) (int, error)
}

// recorder stamps calls with a counter, not with a clock: two readings of that
// can be the same, or be taken out of order.
type recorder struct {
	clock atomic.Int64
	mu    sync.Mutex // guards ops
	ops   []porcupine.Operation
}

// record notes a call, unless it failed: then it must not have had any effect.
func (r *recorder) record(client int, in input, call func() (output, error)) {
	began := r.clock.Add(1)
	out, err := call()
	ended := r.clock.Add(1)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, porcupine.Operation{ClientId: client, Input: in, Call: began, Output: out, Return: ended})
}

func (r *recorder) put(client int, b buffer, ctx context.Context, v item) {
	r.record(client, input{kind: put, item: v}, func() (output, error) {
		if ctx == nil {
			return output{ok: b.TryPut(v)}, nil
		}
		err := b.Put(ctx, v)
		return output{ok: true}, err
	})
}

// get reports whether it got something.
func (r *recorder) get(client int, b buffer, ctx context.Context, most int) (ok bool) {
	in := input{kind: get, most: most}
	if most > 1 {
		in.kind = many
	}
	r.record(client, in, func() (output, error) {
		var items []item
		var err error
		switch {
		case ctx == nil:
			var v item
			if v, ok = b.TryGet(); ok {
				items = []item{v}
			}
		case most > 1:
			var n int
			items = make([]item, most)
			n, err = b.GetBatch(ctx, items)
			items, ok = items[:n], n > 0
		default:
			var v item
			v, err = b.Get(ctx)
			items, ok = []item{v}, err == nil
		}
		out := output{ok: ok}
		for _, v := range items {
			out.items += v.String()
		}
		return out, err
	})
	return ok
}

// history lets producers and consumers loose on b, with and without waiting, some
// of them cancelled, and drains it at the end, so that a lost item is found.
func history(b buffer, seed uint64) []porcupine.Operation {
	const producers, consumers, each = 3, 3, 8
	var r recorder
	all, stop := context.WithCancel(context.Background())
	var producing, consuming sync.WaitGroup
	client := func(wg *sync.WaitGroup, id int, step func(rng *rand.Rand, ctx context.Context, i int) (more bool)) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(id)))
			for i := 0; ; i++ {
				var ctx context.Context // nil: do not wait
				cancel := func() {}
				switch rng.IntN(4) {
				case 0, 1:
					ctx = all
				case 2:
					ctx, cancel = context.WithCancel(all)
					go cancel()
				}
				more := step(rng, ctx, i)
				cancel()
				if !more {
					return
				}
				if rng.IntN(2) == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	for p := range producers {
		client(&producing, p, func(rng *rand.Rand, ctx context.Context, i int) bool {
			r.put(p, b, ctx, item{byte(rng.IntN(3)), byte(p*each + i)})
			return i+1 < each
		})
	}
	for c := range consumers {
		client(&consuming, producers+c, func(rng *rand.Rand, ctx context.Context, i int) bool {
			most := 1
			if ctx != nil {
				most += rng.IntN(2)
			}
			r.get(producers+c, b, ctx, most)
			return all.Err() == nil && i < 2*each
		})
	}
	// Producers can wait for consumers that have given up.
	consuming.Go(func() {
		producing.Wait()
		stop()
	})
	consumersGone := make(chan struct{})
	go func() {
		defer close(consumersGone)
		for all.Err() == nil {
			r.get(producers+consumers, b, nil, 1)
			runtime.Gosched()
		}
	}()
	consuming.Wait()
	<-consumersGone
	for r.get(0, b, nil, 1) {
	}
	return r.ops
}

func verdict(m porcupine.Model, ops []porcupine.Operation) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(m, ops, 20*time.Second)
}

// subjects are the three orders and the models that they must follow.
var subjects = []struct {
	name string
	next next
	new  func(capacity int) buffer
}{
	{"fifo", oldest, func(n int) buffer { return boundedbuf.New[item](n) }},
	{"lifo", newest, func(n int) buffer { return boundedbuf.NewLIFO[item](n) }},
	{"priority", first, func(n int) buffer { return boundedbuf.NewPriority(n, before) }},
}

func TestBuffersAreLinearizable(t *testing.T) {
	const histories = 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			for _, capacity := range []int{1, 3, 7} {
				concurrent := 0
				for i := range uint64(histories) {
					ops := history(s.new(capacity), seed+i)
					require.Equal(t, porcupine.Ok, verdict(model(capacity, s.next), ops), "%v", ops)
					concurrent += overlaps(ops)
				}
				require.NotZero(t, concurrent, "no two calls were under way at the same time")
			}
		})
	}
}

// overlaps counts the calls that began before an earlier one had ended.
func overlaps(ops []porcupine.Operation) (n int) {
	ops = slices.Clone(ops)
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var latest int64
	for _, op := range ops {
		if op.Call < latest {
			n++
		}
		latest = max(latest, op.Return)
	}
	return n
}
