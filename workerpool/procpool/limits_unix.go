//go:build unix

package procpool

import (
	"fmt"
	"runtime/debug"
	"syscall"
	"time"
)

// applyLimits limits this process: its memory in bytes, and its CPU time in
// nanoseconds to twice of cpu. Zero is no limit.
func applyLimits(memory, cpu int64) error { return limits{limitData, limitCPU}.apply(memory, cpu) }

// limits are how the system is told.
type limits struct {
	data func(bytes int64) error
	cpu  func(seconds uint64) error
}

func limitCPU(seconds uint64) error { return setrlimit(syscall.RLIMIT_CPU, seconds) }

func (l limits) apply(memory, cpu int64) error {
	if memory > 0 {
		if err := l.data(memory); err != nil {
			return fmt.Errorf("procpool: memory limit: %w", err)
		}
		debug.SetMemoryLimit(memory)
	}
	if cpu > 0 {
		// One limit for both: at the lower one there is but a signal, which the
		// runtime ignores.
		if err := l.cpu(uint64((2*cpu + int64(time.Second) - 1) / int64(time.Second))); err != nil {
			return fmt.Errorf("procpool: limit of CPU time: %w", err)
		}
	}
	return nil
}

// cpuTime returns the CPU time of this process in nanoseconds.
func cpuTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with these arguments
	return u.Utime.Nano() + u.Stime.Nano()
}
