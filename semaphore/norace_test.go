//go:build !race

package semaphore_test

const slowdown = 1
