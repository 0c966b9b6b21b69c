package taskgroup

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The time that the scheduler uses again is that of a moment ago, also when a task is
// ready that was queued for long.
func TestTimeIsNotStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s scheduler
		l := &limiter{}
		g := &Group{scheduler: &s, limiter: l}
		start := s.nowLocked()
		queued := &task{group: g, since: start}
		l.queued.push(queued)
		time.Sleep(10 * time.Second)
		(&task{group: g, holding: true}).releaseLocked()
		require.Same(t, queued, s.ready.first)
		for range 40 {
			require.Equal(t, start+10*time.Second, s.nowLocked())
		}
		require.NotZero(t, s.repeated, "it is used again")
	})
}
