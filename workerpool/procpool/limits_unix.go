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
func applyLimits(memory, cpu int64) error {
	if memory > 0 {
		if err := limitData(memory); err != nil {
			return fmt.Errorf("procpool: memory limit: %w", err)
		}
		debug.SetMemoryLimit(memory)
	}
	if cpu > 0 {
		// One limit for both: at the lower one there is but a signal, which the
		// runtime ignores.
		if err := setrlimit(syscall.RLIMIT_CPU, uint64((2*cpu+int64(time.Second)-1)/int64(time.Second))); err != nil {
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
