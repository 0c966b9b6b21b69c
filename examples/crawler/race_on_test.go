//go:build race

package main

// slowdown divides the size of the largest crawl under the race detector.
const slowdown = 10
