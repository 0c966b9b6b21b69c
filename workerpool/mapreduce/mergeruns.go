package mapreduce

import (
	"context"
	"slices"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/workerpool"
)

// fanIn is how many runs are merged at a time: each needs a file descriptor and a buffer,
// and each halving of it doubles how often large data is written.
const fanIn = 64

// Buffers for reading take a quarter of the memory at most, but each is within these bounds.
const minReadBuffer, maxReadBuffer = 4 << 10, 64 << 10

// mergeRuns merges runs until there are at most fanIn.
func (r *run[I, K, V, R]) mergeRuns() error {
	for len(r.runs) > fanIn {
		groups := grouped(r.runs)
		runs := make([]*sorted, 0, len(groups))
		for run, err := range workerpool.Map(r.ctx, r.pool, slices.Values(groups), r.mergeGroup) {
			if err != nil {
				return r.fail(err)
			}
			runs = append(runs, run)
			r.report()
		}
		r.runs = runs
	}
	return nil
}

// grouped returns the runs in their order, in groups of at most fanIn. The first groups are
// to be merged, if need be all; where that leaves few enough runs, groups are single.
func grouped(runs []*sorted) (groups [][]*sorted) {
	excess := len(runs) - fanIn
	for len(runs) > 0 {
		n := max(1, min(fanIn, excess+1, len(runs)))
		groups = append(groups, runs[:n])
		runs = runs[n:]
		excess -= n - 1
	}
	return groups
}

// mergeGroup is the task that merges runs to one.
func (r *run[I, K, V, R]) mergeGroup(ctx context.Context, runs []*sorted) (merged *sorted, err error) {
	if len(runs) == 1 {
		return runs[0], nil
	}
	var at K // key for which values are combined
	blame := func(err error) error { return &KeyError{at, err} }
	err = r.guard(ctx, blame, func() error {
		files, err := r.openAll(runs)
		defer func() {
			for _, f := range files {
				f.Close()
			}
		}()
		if err != nil {
			return err
		}
		merged, err = r.write(func(w *recordWriter[K, V], partition int) error {
			return r.mergePartition(ctx, w, newMerger(r.cursors(files, runs, partition)), &at)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		explore.Point("mapreduce: about to remove a file")
		if err := r.files.disk.remove(run.path); err != nil {
			return nil, r.fail(fileError(err))
		}
	}
	return merged, nil
}

// checkEvery is how many pairs are merged between looks at the context.
const checkEvery = 1024

// mergePartition writes what m reads, values of a key combined if they can be, with at
// set to the key.
func (r *run[I, K, V, R]) mergePartition(ctx context.Context, w *recordWriter[K, V], m *merger[K, V], at *K) error {
	for n := 0; m.current() != nil; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p := *m.current()
		m.next()
		if r.Combine != nil {
			*at = p.key
			for next := m.at(p.key); next != nil; next = m.at(p.key) {
				p.value = r.Combine(p.value, next.value)
				m.next()
			}
		}
		if err := w.write(&p); err != nil {
			return err
		}
	}
	return m.err
}

// openAll opens the files of runs. If it fails it returns those that are open.
func (r *run[I, K, V, R]) openAll(runs []*sorted) ([]readFile, error) {
	var files []readFile
	for _, run := range runs {
		f, err := r.files.disk.open(run.path)
		if err != nil {
			return files, fileError(err)
		}
		files = append(files, f)
	}
	return files, nil
}

// cursors returns the pairs of a partition in each of the runs, which are open as files.
func (r *run[I, K, V, R]) cursors(files []readFile, runs []*sorted, partition int) (cursors []*cursor[K, V]) {
	for i, run := range runs {
		if s := run.segments[partition]; s.pairs > 0 {
			buffer := min(int64(r.Memory/(4*r.Partitions*fanIn)), s.length, maxReadBuffer)
			cursors = append(cursors, r.format.cursor(files[i], s, int(max(buffer, minReadBuffer))))
		}
	}
	return cursors
}
