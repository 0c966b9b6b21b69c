//go:build !race

package workerpool

const slowdown = 1
