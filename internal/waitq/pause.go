package waitq

import (
	"sync"

	"github.com/interleave-go/interleave/internal/explore"
)

// Tries is how often a call that cannot be served at once gives other goroutines
// a turn (runtime.Gosched) and looks again, before it parks: that costs a quarter
// of parking and being woken.
func Tries() int {
	if explore.On {
		return 1 // what four can do, one can; and there are fewer schedules
	}
	return 4
}

// Pause keeps the processor busy for two to three microseconds, which is about
// what parking costs. It is for a call that another core was faster than: if
// both tried again at once, each would wait for the cache line at every step; in
// the meantime the other one has the line to itself and gets a lot done.
func Pause() {
	for range 8000 {
	}
}

// Mutex is a sync.Mutex for critical sections of a few instructions: who finds
// it taken pauses before it parks.
type Mutex struct{ mu sync.Mutex }

// Lock locks m.
func (m *Mutex) Lock() {
	if !m.mu.TryLock() {
		m.lockSlow()
	}
}

// TryLock tries to lock m and reports whether it did. Unlike Lock it is inlined.
func (m *Mutex) TryLock() bool { return m.mu.TryLock() }

// Unlock unlocks m.
func (m *Mutex) Unlock() { m.mu.Unlock() }

func (m *Mutex) lockSlow() {
	for range 7 {
		Pause()
		if m.mu.TryLock() {
			return
		}
	}
	m.mu.Lock()
}
