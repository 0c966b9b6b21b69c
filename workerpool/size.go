package workerpool

import "runtime"

// A Kind of work is the time that a task waits (for a network, a disk, a lock) for each unit
// of time that it computes.
type Kind float64

const (
	CPUBound Kind = 0 // computes all the time
	IOBound  Kind = 9 // waits for nine tenths of its time, as a request over a network does at least
)

// OptimalSize returns how many workers keep the processors busy with tasks of a kind: by
// Little's law one for each processor, and as many again for each unit of waiting. The
// number of processors is GOMAXPROCS, which honours the limits of a container (cgroups) by
// itself. More workers add nothing but memory, and what they wait for may bear fewer. It
// panics if kind is negative.
func OptimalSize(kind Kind) int {
	if !(kind >= 0) {
		panic("workerpool: OptimalSize of negative waiting")
	}
	n := float64(runtime.GOMAXPROCS(0)) * (1 + float64(kind))
	return int(min(n, 1<<20))
}
