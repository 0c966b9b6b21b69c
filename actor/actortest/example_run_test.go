package actortest_test

import "testing"

// TestExample runs what ExampleRun shows, which has no test of its own.
func TestExample(t *testing.T) { testGreeter(t) }
