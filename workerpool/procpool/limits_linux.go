package procpool

import (
	"fmt"
	"os"
	"syscall"
)

// limitData limits the memory that this process may map in addition to what it
// has mapped already.
func limitData(memory int64) error {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var ignored, data int64
	if _, err := fmt.Sscan(string(statm), &ignored, &ignored, &ignored, &ignored, &ignored, &data); err != nil {
		return err
	}
	return setrlimit(syscall.RLIMIT_DATA, uint64(data*int64(os.Getpagesize())+memory))
}

func setrlimit(resource int, n uint64) error {
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: n, Max: n})
}
