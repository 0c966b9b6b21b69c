//go:build !race

package boundedbuf_test

const slowdown = 1
