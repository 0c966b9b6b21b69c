//go:build race

package taskgroup_test

// slowdown divides the sizes of the largest tests under the race detector.
const slowdown = 10
