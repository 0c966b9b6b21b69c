package workerpool

import (
	"container/heap"
	"context"
)

// An entry is a task in the queue.
type entry struct {
	ctx context.Context // the submitter's
	run func(context.Context) error
	job *job // nil if there is no more to know of the task
}

// A job is what there can be to know of a queued task. It is used again once the task has
// left the queue.
type job struct {
	entry
	promise *promise // of the result, or nil
	watched          // by what ends the task when its context ends
	queued  bool
	inRing  bool // though it may not be queued any more

	priority int
	serial   uint64 // among those of the same priority
	index    int    // in the heap
	free     *job   // the next one that is not in use
}

// A queue holds the tasks that wait for a worker.
//
// Those of priority 0 are in a ring. One that leaves it before its turn stays there, not
// queued any more, until its turn comes or the ring grows.
//
// Invariant: n is the number of tasks in the ring and the heap without those.
type queue struct {
	n     int
	ring  []entry // its length is a power of two
	head  int     // where the first entry is
	used  int     // entries in the ring
	heap  ranking
	last  uint64 // serial of the task that came last into the heap
	spare *job
}

// push adds e.
func (q *queue) push(e entry) {
	q.n++
	if j := e.job; j != nil {
		j.entry, j.queued = e, true
		if j.priority != 0 {
			q.last++
			j.serial = q.last
			heap.Push(&q.heap, j)
			return
		}
		j.inRing = true
		e = entry{job: j} // for what leaves before its turn keeps nothing
	}
	if q.used == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.used)&(len(q.ring)-1)] = e
	q.used++
}

// grow makes room in the ring.
func (q *queue) grow() {
	queued := make([]entry, 0, q.used)
	for q.used > 0 {
		if e, ok := q.shift(); ok {
			if e.job != nil {
				e = entry{job: e.job}
			}
			queued = append(queued, e)
		}
	}
	size := 16
	for size < 2*len(queued) {
		size *= 2
	}
	q.ring, q.head, q.used = make([]entry, size), 0, len(queued)
	copy(q.ring, queued)
}

// shift takes the first entry out of the ring, and reports whether it was queued.
func (q *queue) shift() (entry, bool) {
	slot := &q.ring[q.head]
	e := *slot
	*slot = entry{}
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.used--
	if e.job == nil {
		return e, true
	}
	if e.job.queued {
		return e.job.entry, true
	}
	e.job.inRing = false
	q.recycle(e.job)
	return entry{}, false
}

// pop takes the task whose turn it is. The queue must have one.
func (q *queue) pop() entry {
	if len(q.heap) > 0 && (q.heap[0].priority > 0 || q.n == len(q.heap)) {
		return q.remove(q.heap[0])
	}
	for {
		if e, ok := q.shift(); ok {
			q.n--
			if e.job != nil {
				e.job.queued, e.job.inRing = false, false
			}
			return e
		}
	}
}

// remove takes out j, which is queued, before its turn.
func (q *queue) remove(j *job) entry {
	q.n--
	if !j.inRing {
		heap.Remove(&q.heap, j.index)
	}
	j.queued = false
	return j.entry
}

// job returns a job that is not in use.
func (q *queue) job() *job {
	j := q.spare
	if j == nil {
		return new(job)
	}
	q.spare, j.free = j.free, nil
	return j
}

// recycle has j, which is not queued, used again, once it has left the ring.
func (q *queue) recycle(j *job) {
	if j.inRing {
		j.entry, j.promise, j.watched = entry{}, nil, watched{}
	} else {
		*j = job{free: q.spare}
		q.spare = j
	}
}

// ranking is a heap of jobs, the next one first.
type ranking []*job

func (r ranking) Len() int { return len(r) }

func (r ranking) Less(i, j int) bool {
	if r[i].priority != r[j].priority {
		return r[i].priority > r[j].priority
	}
	return r[i].serial < r[j].serial
}

func (r ranking) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}

func (r *ranking) Push(j any) {
	j.(*job).index = len(*r)
	*r = append(*r, j.(*job))
}

func (r *ranking) Pop() any {
	last := len(*r) - 1
	j := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return j
}
