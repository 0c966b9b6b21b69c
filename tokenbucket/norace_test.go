//go:build !race

package tokenbucket_test

const slowdown = 1
