package workerpool

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
)

// A watch ends the queued tasks of a context when that ends: to have the context tell
// each task would cost more than the rest of a submission.
type watch struct {
	done    <-chan struct{}
	first   *job
	stop    func() bool // nil until the context was asked
	dropped bool        // not in use any more
}

// watched is the place of a job in a watch.
type watched struct {
	watch        *watch
	wprev, wnext *job
}

// watches are the contexts of queued tasks that can end.
type watches struct {
	byDone map[<-chan struct{}]*watch
	latest *watch // kept though no task is queued, since the next one often has the same context
}

// addLocked adds j to the watch of its context, which is done at done. If that is new it
// is to be armed; the one that was kept for it is to be halted.
func (ws *watches) addLocked(j *job, done <-chan struct{}) (arm, unused *watch) {
	w := ws.latest
	if w == nil || w.done != done {
		w = ws.byDone[done]
		unused = ws.dropLocked()
		if w == nil {
			w = &watch{done: done}
			if ws.byDone == nil {
				ws.byDone = make(map[<-chan struct{}]*watch)
			}
			ws.byDone[done] = w
			arm = w
		}
		ws.latest = w
	}
	j.watch, j.wnext = w, w.first
	if w.first != nil {
		w.first.wprev = j
	}
	w.first = j
	return arm, unused
}

// dropLocked drops the watch that is kept, unless tasks are queued, and returns it to be
// halted.
func (ws *watches) dropLocked() *watch {
	w := ws.latest
	ws.latest = nil
	if w == nil || w.first != nil {
		return nil
	}
	return ws.removeLocked(w)
}

func (ws *watches) removeLocked(w *watch) *watch {
	w.dropped = true
	delete(ws.byDone, w.done)
	return w
}

// forgetLocked ends what is known of a task that has left the queue. If its watch is not in
// use any more it is returned, to be halted.
func (p *Pool) forgetLocked(j *job) (unused *watch) {
	if w := j.watch; w != nil {
		if j.wprev == nil {
			w.first = j.wnext
		} else {
			j.wprev.wnext = j.wnext
		}
		if j.wnext != nil {
			j.wnext.wprev = j.wprev
		}
		if w.first == nil && w != p.watches.latest && !w.dropped {
			unused = p.watches.removeLocked(w)
		}
	}
	if j.promise != nil {
		j.promise.job = nil
	}
	p.queue.recycle(j)
	return unused
}

// halt stops a watch that was dropped; nil will do.
func (w *watch) halt() {
	if w != nil && w.stop != nil {
		w.stop()
	}
}

// arm has ctx tell w when it ends.
func (p *Pool) arm(w *watch, ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { p.expire(w, ctx) })
	p.mu.Lock()
	dropped := w.dropped
	if !dropped {
		w.stop = stop // not after that, when it is read without the mutex
	}
	p.mu.Unlock()
	if dropped {
		stop()
	}
}

// expire ends the queued tasks of w, whose context has ended.
func (p *Pool) expire(w *watch, ctx context.Context) {
	explore.Point("workerpool: context ended")
	var promises []*promise
	p.mu.Lock()
	for w.first != nil {
		if j := w.first; j.promise != nil {
			promises = append(promises, j.promise)
		}
		p.cancelLocked(w.first)
	}
	if !w.dropped {
		if p.watches.latest == w {
			p.watches.latest = nil
		}
		p.watches.removeLocked(w)
	}
	if p.submitters.ParkedLocked() {
		p.admitLocked()
	}
	p.quietLocked()
	p.unlock()
	for _, promise := range promises {
		promise.resolve(ctx.Err())
	}
}

// cancelLocked ends j, which is queued and will not run.
func (p *Pool) cancelLocked(j *job) {
	p.queue.remove(j)
	p.forgetLocked(j)
	p.cancelled++
}
