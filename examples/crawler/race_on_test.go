//go:build race

package main

// With the race detector a crawl takes several times as long. slowdown divides
// the sizes that have no name of their own.
const (
	slowdown     = 10
	manyLinks    = 1500
	manyPages    = 40
	linksEach    = 400
	randomGraphs = 40
	chainLength  = 500
)
