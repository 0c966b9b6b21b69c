package taskgroup

import (
	"runtime"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// A scheduler gives goroutines, its runners, to the tasks of a group and of those
// groups within that its limit covers.
//
// To start a goroutine for each task costs several times what a short task does.
// Instead a runner goes on with the next task that is ready, and makes sure before
// it runs one that another runner comes for the rest: no task waits for the end of
// another one.
//
// Invariant: if a task is ready, searching is true outside of a critical section.
type scheduler struct {
	mu        waitq.Mutex   // guards what is below, and the groups, tasks and limiters of the scheduler
	ready     queue         // tasks that have their slots and no runner
	searching bool          // one runner is on its way to the ready tasks
	over      bool          // the group it belongs to has ended
	now       time.Duration // after epoch, when the clock was last read
	repeated  uint8         // how often it was not read since
}

// nowLocked returns the time after epoch. To read the clock costs as much as the rest
// of starting a task: while the one before is ready, and so was started a moment
// ago, its time does for up to sixteen.
func (s *scheduler) nowLocked() time.Duration {
	if s.ready.first != nil && s.repeated < stale {
		s.repeated++
		return s.now
	}
	s.repeated = 0
	s.now = time.Since(epoch)
	return s.now
}

// stale is how often the time is used again. It is also what repeated is set to when
// a task is ready that was not started a moment ago.
const stale = 16

// unlock unlocks mu after something that may have made tasks ready.
func (s *scheduler) unlock() {
	start := s.ready.first != nil && !s.searching
	if start {
		s.searching = true
	}
	s.mu.Unlock()
	if start {
		go s.run()
	}
}

// run is the life of a runner.
func (s *scheduler) run() {
	explore.Point("taskgroup: runner started")
	s.mu.Lock()
	s.searching = false
	for t := s.nextUnlock(); t != nil; {
		explore.Point("taskgroup: about to call")
		err, panicked := t.call() // does not return if the task calls runtime.Goexit
		explore.Point("taskgroup: task returned")
		state := t.conclude(err, panicked)
		explore.Point("taskgroup: runner about to end a task")
		s.mu.Lock()
		stopDaemons := t.endLocked(state, err)
		t = s.nextUnlock()
		stopDaemons()
	}
}

// nextUnlock returns the task that the runner is to run now, or nil if it is to end.
// It needs mu and unlocks it.
func (s *scheduler) nextUnlock() *task {
	t := s.ready.pop()
	if t == nil && !s.searching && !s.over {
		// A turn for those who are about to add a task costs less than the runner
		// that they would start.
		s.searching = true
		s.mu.Unlock()
		explore.Point("taskgroup: runner searching")
		runtime.Gosched()
		s.mu.Lock()
		s.searching = false
		t = s.ready.pop()
	}
	if t != nil {
		t.state = Running
	}
	s.unlock()
	return t
}

// A queue of tasks, first in, first out. A task is in one queue at most.
type queue struct{ first, last *task }

func (q *queue) push(t *task) {
	if q.first == nil {
		q.first = t
	} else {
		q.last.behind = t
	}
	q.last = t
}

func (q *queue) pop() *task {
	t := q.first
	if t != nil {
		q.first, t.behind = t.behind, nil
	}
	return t
}
