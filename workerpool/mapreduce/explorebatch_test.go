//go:build explore

package mapreduce

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// The batches of a partition are made by one task after the other, while the loop takes
// those before.
func TestExploreBatches(t *testing.T) {
	const keys = 2*batch + 10
	for _, leave := range []int{0, 1, batch, batch + 1} {
		check(t, fmt.Sprint("left after ", leave), explore.Config{Random: 200, Preemptions: 4}, 1, nil, func(x *exploration) {
			ctx, cancel := context.WithCancel(x.Context())
			x.Go("loop", func() {
				n := 0
				var failure error
				job := modulo(keys)
				job.Partitions = 1
				job.Map = func(_ context.Context, in int, emit func(int, int)) error {
					for k := range keys {
						emit(k, in)
					}
					return nil
				}
				job.Reduce = func(ctx context.Context, key int, values iter.Seq[int]) (int, error) {
					if key%batch == 5 {
						x.inside++
						explore.Point("within a batch")
						x.inside--
					}
					return Sum(ctx, key, values)
				}
				for r, err := range runOn(ctx, x.p, numbers(2), job, x.disk) {
					if failure = err; err != nil {
						x.require(err, []error{context.Canceled})
					} else if r != (Result[int, int]{n, 1}) {
						x.Failf("result %d: %v", n, r)
					}
					if n++; n == leave {
						break
					}
					if n == batch/2 {
						x.sometime(cancel)
					}
				}
				if left := leave > 0 && n == leave; failure == nil && !left && n != keys {
					x.Failf("%d results", n)
				}
				x.requireNothingLeft()
				x.shutdown()
			})
		})
	}
}

// Groups of runs are merged at the same time, until one fails or all are cancelled.
func TestExploreMerges(t *testing.T) {
	for _, full := range []bool{false, true} {
		name := "cancel"
		if full {
			name = "full disk"
		}
		check(t, name, explore.Config{Random: 500, Preemptions: 4}, 1, nil, func(x *exploration) {
			ctx, cancel := context.WithCancel(x.Context())
			r := newRun(ctx, x.p, x.job(), x.disk)
			var runs []*sorted
			x.Go("write", func() {
				for in := range 4 {
					table := newListed(newSizes[int, int](nil))
					table.add(in, in%2, in+1)
					if err := r.spill(table); err != nil {
						x.Failf("spill: %v", err)
					}
				}
				runs = r.runs
				merges := 2
				merge := func(n int) {
					merged, err := r.mergeGroup(r.ctx, runs[2*n:2*n+2])
					switch {
					case err != nil:
						x.require(err, []error{context.Canceled, errTest})
					case merged.segments[0].pairs != 2:
						x.Failf("merged: %v", *merged)
					}
					if merges--; merges == 0 {
						err := r.end()
						if err != nil {
							x.Failf("end: %v", err)
						}
						x.requireNothingLeft()
						x.shutdown()
					}
				}
				if full {
					x.disk.fail = func(op string) error {
						if op == "create" {
							x.disk.fail = nil
							return errTest
						}
						return nil
					}
				} else {
					x.sometime(cancel)
				}
				x.sometime(func() { merge(1) })
				merge(0)
			})
		})
	}
}

// The last test: no Point may have been left out.
func TestPointsCovered(t *testing.T) { explore.RequireCovered(t, ".") }
