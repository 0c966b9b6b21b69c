//go:build unix && !linux

package procpool

import "syscall"

// limitData does nothing: where the limit exists it does not count what the
// runtime maps.
func limitData(int64) error { return nil }

func setrlimit(resource int, n uint64) error {
	var l syscall.Rlimit
	setValue(&l.Cur, n)
	setValue(&l.Max, n)
	return syscall.Setrlimit(resource, &l)
}

// setValue copes with systems whose limits are signed.
func setValue[N int64 | uint64](to *N, n uint64) { *to = N(n) }
