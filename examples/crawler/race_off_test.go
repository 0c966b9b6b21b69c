//go:build !race

package main

// The sizes of the largest crawls.
const (
	slowdown     = 1
	manyLinks    = 50_000
	manyPages    = 200
	linksEach    = 2000
	randomGraphs = 150
	chainLength  = 3000
)
