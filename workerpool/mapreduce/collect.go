package mapreduce

import (
	"context"
	"iter"
	"math"
	"slices"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/workerpool"
)

// A numbered is an input with its number.
type numbered[I any] struct {
	index int
	value I
}

// collect calls Map for all inputs, and leaves the pairs in sorted tables and runs, of the
// latter no more than can be merged at a time.
func (r *run[I, K, V, R]) collect(inputs iter.Seq[I]) error {
	for _, err := range workerpool.MapUnordered(r.ctx, r.pool, r.number(inputs), r.mapInput) {
		if err != nil {
			return r.fail(err)
		}
		r.progress.Inputs++
		r.report()
	}
	if r.ctx.Err() != nil {
		return r.fail(r.ctx.Err()) // which the sequence heeded
	}
	for _, err := range workerpool.MapUnordered(r.ctx, r.pool, slices.Values(r.free), r.sortTable) {
		if err != nil {
			return r.fail(err)
		}
	}
	return r.mergeRuns()
}

// number returns the inputs with their numbers, until the run fails.
func (r *run[I, K, V, R]) number(inputs iter.Seq[I]) iter.Seq[numbered[I]] {
	return func(yield func(numbered[I]) bool) {
		index := 0
		for in := range inputs {
			if !yield(numbered[I]{index, in}) || r.ctx.Err() != nil {
				return
			}
			index++
		}
	}
}

// mapInput is the task that calls Map for an input.
func (r *run[I, K, V, R]) mapInput(ctx context.Context, in numbered[I]) (none struct{}, err error) {
	blame := func(err error) error {
		e := &InputError{Index: in.index, Err: err}
		if r.Name != nil {
			e.Name = r.Name(in.value)
		}
		return e
	}
	return none, r.guard(ctx, blame, func() error {
		t := r.takeTable()
		pairs, share := 0, r.share()
		returned := false
		var broken error
		defer func() { returned = true }()
		err := r.Map(ctx, in.value, func(key K, value V) {
			if returned {
				panic("mapreduce: emit after Map returned")
			}
			if broken != nil {
				return
			}
			if pairs++; pairs%checkEvery == 0 {
				share = r.share() // not each time: it divides
			}
			if t.add(in.index, key, value) > share {
				if broken = ctx.Err(); broken == nil {
					if broken = r.spill(t); broken != nil {
						r.fail(broken) // now: Map may go on for long
					}
				}
			}
		})
		if broken != nil {
			return broken
		}
		if err != nil {
			return blame(err)
		}
		r.pairs.Add(int64(pairs))
		explore.Point("mapreduce: about to give the table back")
		r.mu.Lock()
		r.free = append(r.free, t)
		r.mu.Unlock()
		return nil
	})
}

// takeTable returns a table that no other task uses.
func (r *run[I, K, V, R]) takeTable() table[K, V] {
	explore.Point("mapreduce: about to take a table")
	r.mu.Lock()
	if last := len(r.free) - 1; last >= 0 {
		t := r.free[last]
		r.free = r.free[:last]
		r.mu.Unlock()
		return t
	}
	r.mu.Unlock()
	r.tables.Add(1)
	sizes := newSizes(r.Size)
	if r.Combine != nil {
		return newCombined(r.Combine, sizes)
	}
	return newListed(sizes)
}

// share returns how many bytes a table may take. There are more tables than workers if the
// pool grows, or if Map waits for other tasks and lends its worker.
func (r *run[I, K, V, R]) share() int {
	if r.Memory < 0 {
		return math.MaxInt
	}
	return r.Memory / max(r.workers, int(r.tables.Load()))
}

// sortTable is the task that sorts a table to which nothing will be added.
func (r *run[I, K, V, R]) sortTable(_ context.Context, t table[K, V]) (struct{}, error) {
	explore.Point("mapreduce: about to sort")
	t.sort(r.partition)
	return struct{}{}, nil
}

// spill moves what is in the table to a file.
func (r *run[I, K, V, R]) spill(t table[K, V]) error {
	t.sort(r.partition)
	run, err := r.write(func(w *recordWriter[K, V], partition int) error {
		c := t.cursor(partition)
		for c.next() {
			if err := w.write(&c.pair); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	explore.Point("mapreduce: run written")
	r.mu.Lock()
	r.runs = append(r.runs, run)
	r.mu.Unlock()
	t.reset()
	return nil
}
