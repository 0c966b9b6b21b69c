package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/workerpool"
)

// batch is how many results of a partition a task makes. Of each partition there are at
// most twice as many: those that the loop takes, and the next ones.
const batch = 256

// A part is a partition while it is reduced: by one task after the other, each of which ends
// when it has a batch. A task that waited until the loop had room would keep its worker from
// the others.
//
// Invariant: while next is set, its task alone uses m; otherwise nobody does.
type part[K cmp.Ordered, V, R any] struct {
	number  int
	m       *merger[K, V]                      // nil before the first batch
	next    *workerpool.Future[[]Result[K, R]] // nil: it is not being made
	over    bool                               // there is none
	results []Result[K, R]                     // of the batch before
}

// reduce calls Reduce for all keys, and gives the results to the loop. It returns errLeft
// if that is left.
func (r *run[I, K, V, R]) reduce(yield func(Result[K, R], error) bool) error {
	files, err := r.openAll(r.runs)
	r.files.open = files
	if err != nil {
		return r.fail(err)
	}
	parts := make([]*part[K, V, R], 0, r.Partitions)
	defer func() { // also if the loop panics
		r.cancel()
		for _, p := range parts {
			if p.next != nil {
				_, _ = p.next.Wait(context.WithoutCancel(r.ctx))
			}
		}
	}()
	for n := range r.Partitions {
		p := &part[K, V, R]{number: n}
		parts = append(parts, p)
		if err := r.submit(p); err != nil {
			return err
		}
	}
	order := heap[*part[K, V, R]]{before: func(a, b *part[K, V, R]) bool {
		return cmp.Less(a.results[0].Key, b.results[0].Key)
	}}
	for _, p := range parts {
		if err := r.fetch(p); err != nil {
			return err
		}
		if len(p.results) > 0 {
			order.push(p)
		}
	}
	for len(order.items) > 0 {
		if r.ctx.Err() != nil {
			return r.fail(r.ctx.Err())
		}
		p := order.items[0]
		r.progress.Results++
		if !yield(p.results[0], nil) {
			return errLeft
		}
		if p.results = p.results[1:]; len(p.results) == 0 {
			if err := r.fetch(p); err != nil {
				return err
			}
		}
		if len(p.results) == 0 {
			order.pop()
		} else {
			order.fix()
		}
	}
	r.report()
	return nil
}

// fetch waits for the next batch of p, and has the one after it made.
func (r *run[I, K, V, R]) fetch(p *part[K, V, R]) (err error) {
	if p.over {
		return nil
	}
	if p.next != nil {
		p.results, err = p.next.Wait(r.ctx)
	} else { // since the pool was full; Map waits until it is not
		one := slices.Values([]*part[K, V, R]{p})
		for p.results, err = range workerpool.Map(r.ctx, r.pool, one, r.reduceBatch) {
		}
	}
	if err != nil {
		return r.fail(err)
	}
	p.next = nil
	explore.Point("mapreduce: batch taken")
	if len(p.results) > 0 {
		r.report()
	}
	if p.over = len(p.results) < batch; p.over {
		return nil
	}
	return r.submit(p)
}

// submit has the next batch of p made.
func (r *run[I, K, V, R]) submit(p *part[K, V, R]) (err error) {
	p.next, err = workerpool.Submit(r.ctx, r.pool, func(ctx context.Context) ([]Result[K, R], error) {
		return r.reduceBatch(ctx, p)
	})
	if err != nil && !errors.Is(err, workerpool.ErrFull) {
		return r.fail(err)
	}
	return nil
}

// merged returns all pairs of a partition.
func (r *run[I, K, V, R]) merged(partition int) *merger[K, V] {
	cursors := r.cursors(r.files.open, r.runs, partition)
	for _, t := range r.free { // these have what of an input came last
		cursors = append(cursors, t.cursor(partition))
	}
	return newMerger(cursors)
}

// reduceBatch is the task that calls Reduce for the next keys.
func (r *run[I, K, V, R]) reduceBatch(ctx context.Context, p *part[K, V, R]) (results []Result[K, R], err error) {
	var key K
	blame := func(err error) error { return &KeyError{key, err} }
	explore.Point("mapreduce: about to make a batch")
	err = r.guard(ctx, blame, func() error {
		if p.m == nil {
			p.m = r.merged(p.number)
		}
		m := p.m
		for len(results) < batch && m.current() != nil {
			key = m.current().key
			v := values[K, V]{ctx: ctx, m: m, key: key}
			value, err := r.Reduce(ctx, key, v.all)
			v.over = true
			switch {
			case m.err != nil:
				return m.err // which Reduce took for the end
			case err != nil:
				return blame(err)
			}
			for range v.rest { // what Reduce has not read
			}
			if ctx.Err() != nil {
				return ctx.Err() // which may have ended the values
			}
			results = append(results, Result[K, R]{key, value})
		}
		return m.err
	})
	return results, err
}

// values is the values of a key.
type values[K cmp.Ordered, V any] struct {
	ctx  context.Context
	m    *merger[K, V]
	key  K
	n    int  // read so far
	over bool // Reduce has returned
}

// all yields the values to Reduce.
func (v *values[K, V]) all(yield func(V) bool) {
	if v.over {
		panic(fmt.Sprintf("mapreduce: values of key %v read after Reduce returned", v.key))
	}
	v.rest(yield)
}

// rest yields the values that were not yielded, or fewer if the context ends.
func (v *values[K, V]) rest(yield func(V) bool) {
	for p := v.m.at(v.key); p != nil; p = v.m.at(v.key) {
		if v.n%checkEvery == checkEvery-1 && v.ctx.Err() != nil {
			return
		}
		v.n++
		value := p.value
		v.m.next()
		if !yield(value) {
			return
		}
	}
}
