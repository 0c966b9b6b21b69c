//go:build !race

package actor

const slowdown = 1
