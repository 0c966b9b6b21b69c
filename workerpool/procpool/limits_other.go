//go:build !unix

package procpool

import "runtime/debug"

func applyLimits(memory, _ int64) error {
	if memory > 0 {
		debug.SetMemoryLimit(memory)
	}
	return nil
}

func cpuTime() int64 { return 0 }
