package procpool

import (
	"context"
	"iter"
)

// A MapOption changes what Map does.
type MapOption func(*mapping)

type mapping struct{ chunk int }

// Chunk has Map send n requests to a worker at a time, so that it begins the next
// one without waiting for the pool. That pays if a request takes less than some
// 100 microseconds. A worker keeps its chunk: with few or uneven requests, others
// have nothing to do. Without this option it is one, and no more than 1024 are sent
// at a time. It panics if n is not positive.
func Chunk(n int) MapOption {
	positive(n, "size of a chunk")
	return func(m *mapping) { m.chunk = min(n, maxBatch) }
}

// Map has workers of p run fn with each request, and yields the replies in the
// order of the requests, each with the error that [Call] would return; after an
// error it goes on. At most two chunks for each worker are in flight: begun or not,
// or not yet yielded. Every chunk is a call of its own as to who is served first.
//
// The sequence is read by the goroutine that ranges over the result, one chunk ahead
// of what workers lack: its requests should not depend on replies. Map stops reading
// once ctx has ended or the pool takes no more tasks, and yields what it has read;
// so that shows in the error of a pair, if not of the last one.
//
// When the range loop ends, however that comes about, tasks that wait are not run,
// and those that run are ended as if their contexts had ended; the loop ends when
// they have.
func Map[Req, Rep any](ctx context.Context, p *Pool, fn Func[Req, Rep], reqs iter.Seq[Req], opts ...MapOption) iter.Seq2[Rep, error] {
	name := fn.must().name
	m := mapping{chunk: 1}
	for _, opt := range opts {
		opt(&m)
	}
	return func(yield func(Rep, error) bool) {
		r := mapRun[Req, Rep]{p: p, name: name, yield: yield, size: m.chunk}
		var cancel context.CancelFunc
		r.ctx, cancel = context.WithCancel(ctx)
		defer r.await()
		defer cancel()
		if err := ctx.Err(); err != nil {
			var none Rep
			yield(none, err)
			return
		}
		for req := range reqs {
			if !r.add(req) {
				return
			}
		}
		r.finish()
	}
}
