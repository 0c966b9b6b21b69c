//go:build !explore

package explore

// On reports whether the program is built with the tag explore.
const On = false

// Point marks a place between two steps on shared memory, where other
// goroutines may come between. It must not be called with a mutex held. Without
// the tag explore it leaves no instruction behind, though it counts 3 of the 80
// that the compiler lets an inlined caller cost; behind if explore.On it counts
// nothing.
func Point(name string) {}
