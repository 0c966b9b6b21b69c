//go:build race

package tokenbucket_test

// slowdown divides the sizes of the largest tests under the race detector.
const slowdown = 10
