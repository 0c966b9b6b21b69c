//go:build !race

package procpool

const slowdown = 1
