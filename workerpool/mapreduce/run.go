package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
	"github.com/interleave-go/interleave/workerpool"
)

// Run returns an iterator over the results of the job for the inputs, in the order of their
// keys. The job is done by the workers of p while the iterator is read; each loop over it does
// it anew. Run panics if the job lacks Map or Reduce, has negative Partitions, or values
// that a file cannot keep.
//
// If something fails, the rest is cancelled and awaited, and the loop gets one error, with no
// result, as the last thing. It is
//
//   - an [*InputError] if Map fails: an input too long to wait for should heed its context;
//   - a [*KeyError] if Reduce fails;
//   - an error of package os if a temporary file cannot be written or read;
//   - ctx.Err() if ctx ends, or has ended already;
//   - [workerpool.ErrClosed] if the pool is closed. A full queue is waited for, whatever the
//     pool does otherwise.
//
// A panic of a function of the job is a [*PanicError] within the first two. One of inputs, of
// Progress or of the loop goes up the goroutine of the loop.
//
// At most twice as many inputs as there may be workers have been taken from the sequence and
// not been dealt with. A sequence that waits for something should heed ctx.
func Run[I any, K cmp.Ordered, V, R any](ctx context.Context, p *workerpool.Pool, inputs iter.Seq[I], job Job[I, K, V, R]) iter.Seq2[Result[K, R], error] {
	job.check()
	return runOn(ctx, p, inputs, job, osDisk{})
}

// runOn is Run with its files on d.
func runOn[I any, K cmp.Ordered, V, R any](ctx context.Context, p *workerpool.Pool, inputs iter.Seq[I], job Job[I, K, V, R], d disk) iter.Seq2[Result[K, R], error] {
	return func(yield func(Result[K, R], error) bool) {
		if err := ctx.Err(); err != nil {
			yield(Result[K, R]{}, err)
			return
		}
		r := newRun(ctx, p, job, d)
		defer r.end() // also if the loop panics, or calls runtime.Goexit
		err := r.collect(inputs)
		if err == nil {
			err = r.reduce(yield)
		}
		if err == nil {
			err = r.end()
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(Result[K, R]{}, err)
		}
	}
}

// errLeft says that the loop was left.
var errLeft = errors.New("mapreduce: left")

// A run is one run of a job.
type run[I any, K cmp.Ordered, V, R any] struct {
	Job[I, K, V, R] // without zero values
	pool            *workerpool.Pool
	workers         int             // that there may be, when it began
	caller          context.Context // as given to Run
	ctx             context.Context // ends with caller, or when the run fails or ends
	cancel          context.CancelFunc
	seed            maphash.Seed // of the partitions
	files           store
	format          format[K, V]
	progress        Progress // but for what is counted below

	pairs   atomic.Int64
	tables  atomic.Int64 // how many there are
	written atomic.Int64
	spilled atomic.Int64

	mu      sync.Mutex // guards the fields below
	failure error      // the first one
	free    []table[K, V]
	runs    []*sorted // in the order of which values of one input are
}

func newRun[I any, K cmp.Ordered, V, R any](ctx context.Context, p *workerpool.Pool, job Job[I, K, V, R], d disk) *run[I, K, V, R] {
	r := &run[I, K, V, R]{Job: job, pool: p, workers: p.Stats().Limit, caller: ctx, seed: maphash.MakeSeed()}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.files = store{disk: d, parent: job.TempDir}
	r.format = newFormat[K, V](job.Combine == nil)
	if r.Memory == 0 {
		r.Memory = defaultMemory
	}
	if r.Partitions == 0 {
		r.Partitions = r.workers
	}
	return r
}

// end stops what runs and removes the files. It can be called again.
func (r *run[I, K, V, R]) end() error {
	r.cancel()
	return r.files.removeAll()
}

// fail ends the run because of err, unless it has failed before, and returns why it failed.
func (r *run[I, K, V, R]) fail(err error) error {
	if ended := r.caller.Err(); ended != nil {
		err = ended // whatever that made others return
	}
	explore.Point("mapreduce: about to fail")
	r.mu.Lock()
	if r.failure == nil {
		r.failure = err
	}
	err = r.failure
	r.mu.Unlock()
	explore.Point("mapreduce: about to cancel")
	r.cancel()
	return err
}

// guard calls fn, a part of a task. If that fails, or code of the user in it panics or calls
// runtime.Goexit, the run fails; blame says what the latter two are to be reported as.
func (r *run[I, K, V, R]) guard(ctx context.Context, blame func(error) error, fn func() error) (err error) {
	returned := false
	defer func() {
		value := recover()
		switch {
		case value != nil:
			err = r.fail(blame(panics.New(value)))
		case !returned:
			r.fail(blame(workerpool.ErrGoexit))
		case err != nil && errors.Is(context.Cause(ctx), workerpool.ErrClosed):
			err = r.fail(workerpool.ErrClosed)
		case err != nil:
			err = r.fail(err)
		}
	}()
	err = fn()
	returned = true
	return err
}

// report tells Progress how far the run is.
func (r *run[I, K, V, R]) report() {
	if r.Progress == nil {
		return
	}
	p := r.progress
	p.Pairs, p.Runs, p.Spilled = int(r.pairs.Load()), int(r.written.Load()), r.spilled.Load()
	r.Progress(p)
}

// partition returns the number of the partition of a key.
func (r *run[I, K, V, R]) partition(key K) int {
	if r.Partitions == 1 || key != key { // NaN, of which each has another hash
		return 0
	}
	return int(maphash.Comparable(r.seed, key) % uint64(r.Partitions))
}
