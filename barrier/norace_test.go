//go:build !race

package barrier_test

const slowdown = 1
