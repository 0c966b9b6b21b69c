//go:build !race

package main

const (
	manyLinks    = 50_000
	manyPages    = 200
	linksEach    = 2000
	randomGraphs = 150
	chainLength  = 3000
)
