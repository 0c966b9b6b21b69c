package procpool

import (
	"runtime"
	"slices"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
)

// growLocked starts a worker. It belongs to nobody: a call that gives up while it
// starts does not stop it, or calls with little time would never get one started.
func (p *Pool) growLocked() {
	w := &worker{child: p.spawn(), left: p.maxTasks}
	p.workers[w] = struct{}{}
	p.starting++
	go p.mind(w)
}

// mind accompanies a worker from its start until it is gone.
func (p *Pool) mind(w *worker) {
	// On Linux a process that is to die with its parent dies with the thread that
	// started it. Waiting for the process keeps a thread in any case.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	explore.Point("procpool: about to start")
	err := w.start()
	explore.Point("procpool: started")
	p.started(w, err)
	w.wait()
	explore.Point("procpool: process gone")
	p.forget(w)
}

func (p *Pool) started(w *worker, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starting--
	if err == nil {
		p.failures = 0
		p.counts.Started++
		p.makeIdleLocked(w)
		return
	}
	w.end()
	if !p.killed {
		p.startFailedLocked(&StartError{err})
	}
}

// startFailedLocked fails the call that has waited for longest. Those behind it get
// a start of their own, so that a worker that can never be started is not tried for
// ever, unless calls come for ever; and for that there is maxStartFailures.
func (p *Pool) startFailedLocked(err *StartError) {
	if p.failures++; p.failures >= maxStartFailures {
		p.broken = &brokenError{err}
	}
	if q := p.waiters.FrontLocked(); q != nil && p.broken == nil {
		p.waiters.SettleLocked(q, err)
	}
	p.serveLocked()
}

// brokenError is ErrBroken with the reason.
type brokenError struct{ last *StartError }

func (e *brokenError) Error() string   { return ErrBroken.Error() + ": " + e.last.Error() }
func (e *brokenError) Unwrap() []error { return []error{ErrBroken, e.last} }

// forget removes w, which is gone. If it is lent, that is left to release: its task
// still counts as running.
func (p *Pool) forget(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.gone = true
	if !w.lent {
		p.removeLocked(w)
	}
}

// removeLocked makes room for another worker.
func (p *Pool) removeLocked(w *worker) {
	delete(p.workers, w)
	if i := slices.Index(p.idle, w); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.serveLocked()
}

// alarm is the timer that ends idle workers. It is not stopped or set anew, but
// forgotten and followed by another one: a timer belongs to the testing/synctest
// bubble that it was made in, and may be lost with it.
type alarm struct {
	set   bool
	at    time.Time
	round int // of the latest one; the others have nothing to do
}

// setAlarmLocked has w, which has just become idle, ended in due time.
func (p *Pool) setAlarmLocked(w *worker) {
	at := w.since.Add(p.idleTime)
	if p.alarm.set && !p.alarm.at.Before(w.since) && !p.alarm.at.After(at) {
		return // it will look at w, and be set again
	}
	p.armLocked(at)
}

func (p *Pool) armLocked(at time.Time) {
	p.alarm = alarm{set: true, at: at, round: p.alarm.round + 1}
	round := p.alarm.round
	time.AfterFunc(max(1, time.Until(at)), func() { p.ring(round) })
}

// ring ends the workers that have been idle for too long.
func (p *Pool) ring(round int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if round != p.alarm.round {
		return
	}
	p.alarm.set = false
	now := time.Now()
	p.idle = slices.DeleteFunc(p.idle, func(w *worker) bool {
		if w.since.After(now) { // the clock went back, into another bubble
			w.since = now
		}
		if now.Sub(w.since) < p.idleTime {
			return false
		}
		w.end()
		return true
	})
	if len(p.idle) > 0 { // the first one has been idle for longest
		p.armLocked(p.idle[0].since.Add(p.idleTime))
	}
}
