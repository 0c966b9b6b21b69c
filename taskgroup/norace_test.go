//go:build !race

package taskgroup_test

const slowdown = 1
