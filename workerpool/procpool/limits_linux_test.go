package procpool

import (
	"errors"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var errLimit = errors.New("no limit")

// The CPU time is limited to twice of what a task is granted, in whole seconds.
func TestLimits(t *testing.T) {
	var data []int64
	var cpu []uint64
	l := limits{
		data: func(bytes int64) error { data = append(data, bytes); return nil },
		cpu:  func(seconds uint64) error { cpu = append(cpu, seconds); return nil },
	}
	old := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(old)
	require.NoError(t, l.apply(0, 0))
	require.Empty(t, data)
	require.Empty(t, cpu)
	for _, granted := range []time.Duration{1, 500 * time.Millisecond, 500*time.Millisecond + 1, time.Second, time.Minute} {
		require.NoError(t, l.apply(0, int64(granted)))
	}
	require.Equal(t, []uint64{1, 1, 2, 2, 120}, cpu)
	require.Equal(t, old, debug.SetMemoryLimit(-1))
	require.NoError(t, l.apply(1<<40, 0))
	require.Equal(t, []int64{1 << 40}, data)
	require.Equal(t, int64(1<<40), debug.SetMemoryLimit(-1))

	l.cpu = func(uint64) error { return errLimit }
	err := l.apply(0, 1)
	require.ErrorIs(t, err, errLimit)
	require.ErrorContains(t, err, "procpool: limit of CPU time: ")
	l.data = func(int64) error { return errLimit }
	err = l.apply(1, 1)
	require.ErrorIs(t, err, errLimit)
	require.ErrorContains(t, err, "procpool: memory limit: ")
	require.Equal(t, int64(1<<40), debug.SetMemoryLimit(-1), "as it was")
}

// What the system is told, by limits that are too high to be felt.
func TestLimitsOfTheSystem(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	const memory, cpu = 1 << 50, 10_000 * time.Hour
	err := applyLimits(memory, int64(cpu))
	if errors.Is(err, syscall.EPERM) {
		t.Skip("this process has lower limits, and may not raise them")
	}
	require.NoError(t, err)
	var l syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_CPU, &l))
	require.Equal(t, syscall.Rlimit{Cur: 72_000_000, Max: 72_000_000}, l)
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_DATA, &l))
	require.Equal(t, l.Cur, l.Max)
	require.Greater(t, l.Cur, uint64(memory), "what is mapped comes on top")
	require.Less(t, l.Cur, uint64(memory+1<<40))
}

func TestMappedData(t *testing.T) {
	n, err := mappedData("/proc/self/statm")
	require.NoError(t, err)
	require.Greater(t, n, int64(1<<20))
	_, err = mappedData("/proc/self/comm")
	require.Error(t, err, "it is a name")
	restore := LeaveFiles(0)
	err = limitData(1)
	restore()
	require.ErrorIs(t, err, syscall.EMFILE)
}

// A worker that cannot be limited is no worker.
func TestWorkerThatCannotBeLimited(t *testing.T) {
	t.Setenv("PROCPOOL_TEST_ROLE", "short of files")
	p := New(1, MemoryLimit(1<<40))
	defer p.Close()
	_, err := Call(t.Context(), p, Func[int, int]{lookup([]byte("double"))}, 1)
	var start *StartError
	require.ErrorAs(t, err, &start)
	var remote *RemoteError
	require.ErrorAs(t, err, &remote)
	require.Equal(t, "procpool: memory limit: open /proc/self/statm: too many open files", remote.Text)
	require.Equal(t, Stats{Limit: 1, Submitted: 1, Failed: 1, Workers: p.Stats().Workers}, p.Stats())
}
