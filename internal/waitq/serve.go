package waitq

import "time"

// patience is how long a waiter lets newcomers take what it waits for. It is the
// bound of sync.Mutex; DESIGN.md says what other bounds cost.
const patience = time.Millisecond

// epoch is what waits are measured from: cheaper than time.Now. In a
// testing/synctest bubble the time since then is negative, which does no harm: a
// wait begins and ends in the same bubble.
var epoch = time.Now()

// ServeLocked serves waiters from the front for as long as there is enough for
// them, in a primitive that lets newcomers compete with those who wait. It
// returns how many were settled.
//
// A waiter is called to compete with whoever is running already. One that is
// running, or that has waited for longer than a millisecond, is settled: take
// gives it what it waits for, or returns why it fails. Nothing is done behind one that was called: once
// it runs, it has the rest served. And nothing behind one for which there is not
// enough: going on to smaller ones would keep a large one waiting for as long as
// small ones keep coming.
func (q *Queue[T]) ServeLocked(enough func(*Waiter[T]) bool, take func(*Waiter[T]) error) (settled int) {
	for q.ParkedLocked() {
		w := q.FrontLocked()
		switch {
		case w == nil || !enough(w):
			return settled
		case w.state == competing || time.Since(epoch)-w.since > patience:
			q.SettleLocked(w, take(w))
			settled++
		default:
			q.callLocked(w)
		}
	}
	return settled
}

// ParkedLocked reports whether anybody waits who is not on its way already, so
// that ServeLocked could do something.
func (q *Queue[T]) ParkedLocked() bool { return q.head != nil && q.head.state != called }

// callLocked wakes w, a parked waiter, without granting it anything. Once w
// runs, its Wait has the owner serve the queue, with w competing, and parks
// again unless that granted w.
func (q *Queue[T]) callLocked(w *Waiter[T]) {
	w.state = called
	w.wake <- false
}
