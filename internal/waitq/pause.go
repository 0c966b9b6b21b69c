package waitq

// Pause keeps the processor busy for one to two microseconds, which is about
// what parking costs. It is for a call that another core was faster than: if
// both tried again at once, each would wait for the cache line at every step; in
// the meantime the other one has the line to itself and gets a lot done.
func Pause() {
	for range 6000 {
	}
}
