//go:build race

package barrier_test

// slowdown divides the size of tests that the race detector makes slow.
const slowdown = 10
