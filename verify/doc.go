// Package verify checks histories of concurrent calls, recorded from real
// goroutines, for linearizability: whether there is an order of the calls, in
// which each takes effect at one instant between its start and its end, that a
// plain queue, stack or priority queue would have answered in the same way.
//
// It is a module of its own for its dependency, porcupine (Anish Athalye), whose
// algorithm is that of Wing and Gong (1993) with Lowe's memoization (2017). Where
// internal/explore goes through schedules of a few steps, this looks at what
// happens in many threads that run at full speed.
package verify
