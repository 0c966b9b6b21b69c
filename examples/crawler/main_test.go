package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets a test run this binary as the crawler, in a process that it can
// kill, and sees to it that no crawl leaves a goroutine behind.
func TestMain(m *testing.M) {
	if os.Getenv("CRAWLER_MAIN") != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}
