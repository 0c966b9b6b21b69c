//go:build explore

package explore

import (
	"slices"
	"testing/synctest"
	"time"
)

// drain ends what is left of the run. Threads still take turns: what the test
// shares between them has no other protection.
func (x *Exec) drain() {
	x.cancel()
	x.takeTurns()
	for range 10 { // for those that sleep
		if x.allEnded() {
			break
		}
		time.Sleep(time.Minute)
		x.takeTurns()
	}
	x.mu.Lock()
	x.over = true
	x.mu.Unlock()
	for _, th := range x.parked() {
		x.Failf("%s goes on for ever after its context has ended", th.name)
		x.resume(th)
	}
}

// takeTurns lets the threads go on, always the one that has been at its Point
// for longest, until none is at a Point, or for many steps.
func (x *Exec) takeTurns() {
	for range maxSteps {
		synctest.Wait()
		x.nameNew()
		parked := x.parked()
		if len(parked) == 0 {
			return
		}
		x.resume(parked[0])
	}
	synctest.Wait()
}

// parked returns the threads that are at a Point, in the order of arrival.
func (x *Exec) parked() []*thread {
	x.mu.Lock()
	defer x.mu.Unlock()
	var parked []*thread
	for _, th := range x.threads {
		if th.state == atPoint {
			parked = append(parked, th)
		}
	}
	slices.SortFunc(parked, func(a, b *thread) int { return a.arrival - b.arrival })
	return parked
}
