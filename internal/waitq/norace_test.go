//go:build !race

package waitq

const slowdown = 1
