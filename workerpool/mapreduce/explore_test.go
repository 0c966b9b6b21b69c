//go:build explore

package mapreduce

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/workerpool"
)

// An exploration is a pool, and a disk for the runs on it.
type exploration struct {
	*explore.Exec
	p      *workerpool.Pool
	disk   *fakeDisk
	inside int           // functions of the job that run
	fail   map[int]error // by input
	during func()        // called at some time after input 1 was begun
	leave  int           // after so many results; 0: never
}

// check explores body, which starts threads, the first of which is to call read, on a pool.
func check(t *testing.T, name string, cfg explore.Config, workers int, opts []workerpool.Option, body func(x *exploration)) {
	t.Run(name, func(t *testing.T) {
		explore.Check(t, cfg, func(e *explore.Exec) {
			x := &exploration{Exec: e, disk: &fakeDisk{files: map[string]*bytes.Buffer{}}}
			x.p = workerpool.New(workers, append(opts, workerpool.IdleTime(time.Hour))...)
			body(x)
		})
	})
}

// sometime has fn happen while others go on. An event would come before anything else in half
// of the random schedules.
func (x *exploration) sometime(fn func()) {
	go func() {
		explore.Point("now")
		fn()
	}()
}

// job emits each input twice for one of two keys, so that with Memory 1 each is a run of its
// own, and makes a number of the values, in their order.
func (x *exploration) job() Job[int, int, int, int] {
	return Job[int, int, int, int]{
		Map: func(_ context.Context, in int, emit func(int, int)) error {
			x.inside++
			defer func() { x.inside-- }()
			if in == 1 && x.during != nil {
				x.sometime(x.during)
			}
			emit(in%2, in+1)
			explore.Point("between two pairs")
			emit(in%2, in+1)
			return x.fail[in]
		},
		Reduce: func(_ context.Context, _ int, values iter.Seq[int]) (n int, _ error) {
			x.inside++
			defer func() { x.inside-- }()
			for v := range values {
				n = 10*n + v
			}
			return n, nil
		},
		Memory: 1, Partitions: 1,
	}
}

// inOrder are the results of job for three inputs; sums are those of Sum.
var (
	inOrder = []Result[int, int]{{0, 1133}, {1, 22}}
	sums    = []Result[int, int]{{0, 8}, {1, 4}}
)

// read reads the results of a job for three inputs. They are to be the wanted ones, or the
// first ones of them and then one of the errors. After that nothing of the run is left.
func (x *exploration) read(ctx context.Context, job Job[int, int, int, int], want []Result[int, int], may ...error) {
	n := 0
	var failure error
	for r, err := range runOn(ctx, x.p, numbers(3), job, x.disk) {
		switch {
		case failure != nil:
			x.Failf("after the error: %v, %v", r, err)
		case err != nil:
			failure = err
			x.require(err, may)
		case n == len(want) || want[n] != r:
			x.Failf("result %d: %v", n, r)
		}
		if n++; n == x.leave {
			break
		}
	}
	if left := x.leave > 0 && n == x.leave; failure == nil && !left && n != len(want) {
		x.Failf("%d results", n)
	}
	x.requireNothingLeft()
}

func (x *exploration) require(err error, may []error) {
	if !slices.ContainsFunc(may, func(m error) bool { return errors.Is(err, m) }) {
		x.Failf("error: %v", err)
	}
}

func (x *exploration) requireNothingLeft() {
	d := x.disk
	if x.inside != 0 || len(d.files) != 0 || d.dirs != 0 || d.opened != 0 {
		x.Failf("left: %d calls, %d files in %d directories, %d of them open", x.inside, len(d.files), d.dirs, d.opened)
	}
}

// shutdown is what the thread that uses the pool last does.
func (x *exploration) shutdown() {
	if err := x.p.Shutdown(context.WithoutCancel(x.Context())); err != nil {
		x.Failf("shutdown: %v", err)
	}
}

func TestExplore(t *testing.T) {
	few := explore.Config{Random: 1500, Preemptions: 4}
	check(t, "runs of two workers", few, 2, nil, func(x *exploration) {
		x.Go("loop", func() {
			x.read(x.Context(), x.job(), inOrder)
			x.shutdown()
		})
	})
	check(t, "tables of two workers", few, 2, nil, func(x *exploration) {
		job := x.job()
		job.Memory, job.Combine, job.Reduce, job.Partitions = -1, add, Sum[int, int], 2
		x.Go("loop", func() {
			x.read(x.Context(), job, sums)
			x.shutdown()
		})
	})
	check(t, "cancel", few, 2, nil, func(x *exploration) {
		ctx, cancel := context.WithCancel(x.Context())
		x.during = cancel
		x.Go("loop", func() {
			x.read(ctx, x.job(), inOrder, context.Canceled)
			x.shutdown()
		})
	})
	check(t, "errors of two inputs", few, 3, nil, func(x *exploration) {
		one, other := errors.New("one"), errors.New("other")
		x.fail = map[int]error{0: one, 2: other}
		x.Go("loop", func() {
			x.read(x.Context(), x.job(), nil, one, other) // and not that the others were cancelled
			x.shutdown()
		})
	})
	check(t, "full disk", few, 2, nil, func(x *exploration) {
		writes := 0
		x.disk.fail = func(op string) error {
			if op == "close" {
				if writes++; writes == 3 {
					return errTest
				}
			}
			return nil
		}
		x.Go("loop", func() {
			x.read(x.Context(), x.job(), nil, errTest)
			x.shutdown()
		})
	})
	check(t, "close of the pool", few, 2, nil, func(x *exploration) {
		x.during = x.p.Close
		x.Go("loop", func() {
			x.read(x.Context(), x.job(), inOrder, workerpool.ErrClosed)
			x.shutdown()
		})
	})
	check(t, "left", few, 2, nil, func(x *exploration) {
		x.leave = 1
		job := x.job()
		job.Partitions = 2
		x.Go("loop", func() {
			x.read(x.Context(), job, inOrder)
			x.shutdown()
		})
	})
	check(t, "full queue", few, 1, []workerpool.Option{workerpool.Queue(0), workerpool.WhenFull(workerpool.Reject)}, func(x *exploration) {
		other := func() {
			for range 6 {
				err := x.p.Go(x.Context(), func(context.Context) error {
					explore.Point("busy")
					return nil
				})
				if err != nil {
					x.require(err, []error{workerpool.ErrFull, workerpool.ErrClosed, context.Canceled})
				}
				explore.Point("about to try again")
			}
		}
		job := x.job()
		job.Progress = func(p Progress) {
			if p.Inputs == 3 && p.Results == 0 && other != nil { // before the batches are made
				x.sometime(other)
				other = nil
			}
		}
		x.Go("loop", func() {
			x.read(x.Context(), job, inOrder)
			x.shutdown()
		})
	})
	check(t, "within a task of the one worker", few, 1, nil, func(x *exploration) {
		ctx, cancel := context.WithCancel(x.Context())
		x.during = cancel
		x.Go("loop", func() {
			f, err := workerpool.Submit(ctx, x.p, func(ctx context.Context) (int, error) {
				x.read(ctx, x.job(), inOrder, context.Canceled)
				return 0, nil
			})
			if err == nil {
				_, err = f.Wait(x.Context())
			}
			if err != nil {
				x.require(err, []error{context.Canceled})
			}
			x.shutdown()
		})
	})
}
