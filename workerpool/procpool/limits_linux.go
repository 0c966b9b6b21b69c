package procpool

import (
	"fmt"
	"os"
	"syscall"
)

// limitData limits the memory that this process may map in addition to what it
// has mapped already.
func limitData(memory int64) error {
	mapped, err := mappedData("/proc/self/statm")
	if err != nil {
		return err
	}
	return setrlimit(syscall.RLIMIT_DATA, uint64(mapped+memory))
}

// mappedData returns how many bytes of data a process has mapped, according to the
// file.
func mappedData(statm string) (int64, error) {
	text, err := os.ReadFile(statm)
	if err != nil {
		return 0, err
	}
	var ignored, pages int64
	_, err = fmt.Sscan(string(text), &ignored, &ignored, &ignored, &ignored, &ignored, &pages)
	return pages * int64(os.Getpagesize()), err
}

func setrlimit(resource int, n uint64) error {
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: n, Max: n})
}
