//go:build race

package actor

// slowdown divides the sizes of the largest tests under the race detector.
const slowdown = 10
