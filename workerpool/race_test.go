//go:build race

package workerpool

// slowdown divides the sizes of the largest tests under the race detector.
const slowdown = 10
