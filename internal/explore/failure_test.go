//go:build explore

package explore

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPanicInThread(t *testing.T) {
	f := Find(t, Config{}, func(x *Exec) {
		x.Go("a", func() { explode() })
		x.Go("b", func() { <-x.Context().Done() })
	})
	require.NotNil(t, f)
	require.True(t, strings.HasPrefix(f.Reason, "panic in a: boom\n"), f.Reason)
	require.Contains(t, f.Reason, "explore.explode")
	require.Equal(t, "a", f.Trace)
}

func explode() { panic("boom") }

func TestGoexitInThread(t *testing.T) {
	f := Find(t, Config{}, func(x *Exec) {
		x.Go("a", runtime.Goexit)
	})
	require.NotNil(t, f)
	require.Equal(t, "runtime.Goexit in a", f.Reason)
}

func TestPanicInEventOrCheck(t *testing.T) {
	for name, register := range map[string]func(x *Exec){
		"event":   func(x *Exec) { x.Event("e", explode) },
		"always":  func(x *Exec) { x.Always(func() error { explode(); return nil }) },
		"finally": func(x *Exec) { x.Finally(func() error { explode(); return nil }) },
	} {
		f := Find(t, Config{}, func(x *Exec) {
			threads(x, 2, "a")
			register(x)
		})
		require.NotNil(t, f, name)
		require.Contains(t, f.Reason, "panic on the controller's goroutine: boom\n")
	}
}

func TestStuck(t *testing.T) {
	f := Find(t, Config{}, func(x *Exec) {
		x.Go("a", func() {})
		x.Go("b", func() {
			Point("about to wait")
			waitFor(x.Context())
		})
	})
	require.NotNil(t, f)
	require.Equal(t, "stuck: no thread is at a Point, no event is left", f.Reason)
	require.Contains(t, f.Steps, "b is blocked, after \"about to wait\"\n")
	require.Equal(t, 1, strings.Count(f.String(), " [chan receive (durable), synctest bubble"), f)
	require.Contains(t, f.String(), "explore.waitFor")
}

func waitFor(ctx context.Context) { <-ctx.Done() }

// Threads that are drained still take turns, and go on after sleeping.
func TestDrain(t *testing.T) {
	active, drained := 0, 0
	f := Find(t, Config{}, func(x *Exec) {
		for _, name := range []string{"a", "b", "c"} {
			x.Go(name, func() {
				<-x.Context().Done()
				Point("woken")
				active++
				runtime.Gosched()
				if active > 1 {
					t.Error("two at once")
				}
				active--
				time.Sleep(time.Second)
				Point("slept")
				drained++
			})
		}
	})
	require.NotNil(t, f)
	require.Equal(t, 3, drained)
}

func TestLivelock(t *testing.T) {
	f := Find(t, Config{}, func(x *Exec) {
		x.Go("a", func() {
			for {
				Point("spinning")
			}
		})
	})
	require.NotNil(t, f)
	require.Equal(t, "no end after 10000 steps: livelock?", f.Reason)
	require.Equal(t, "a*10000", f.Trace)
}

// A goroutine that nobody waits for ends with the context, or is a failure.
func TestGoroutinesThatOutliveTheThreads(t *testing.T) {
	Check(t, Config{}, func(x *Exec) {
		x.Go("a", func() {
			go waitFor(x.Context())
		})
	})
	f := Find(t, Config{}, func(x *Exec) {
		x.Go("a", func() {
			go func() {
				waitFor(x.Context())
				for {
					Point("not leaving")
				}
			}()
		})
	})
	require.NotNil(t, f)
	require.Equal(t, "go#1 goes on for ever after its context has ended", f.Reason)
}

// Faults of the test must not pass for the planted bug that Find looks for.
func TestInvalidBodies(t *testing.T) {
	for want, body := range map[string]func(x *Exec){
		"the body registers no thread":                 func(x *Exec) { x.Event("e", func() {}) },
		"panic on the controller's goroutine: boom":    func(*Exec) { explode() },
		"runtime.Goexit on the controller's goroutine": func(*Exec) { runtime.Goexit() },
		"in the body": func(x *Exec) { x.Failf("in the body") },
		`explore: name "a" is empty, taken, or contains`:    func(x *Exec) { threads(x, 1, "a", "a") },
		`explore: name "" is empty, taken, or contains`:     func(x *Exec) { threads(x, 1, "") },
		`explore: name "a*2" is empty, taken, or contains`:  func(x *Exec) { threads(x, 1, "a*2") },
		`explore: name "go#1" is empty, taken, or contains`: func(x *Exec) { threads(x, 1, "go#1") },
		`explore: name "a,b" is empty, taken, or contains`:  func(x *Exec) { x.Event("a,b", nil) },
		`explore: name "it's" is empty, taken, or contains`: func(x *Exec) { x.Event("it's", nil) },
		`explore: name "e" is empty, taken, or contains`: func(x *Exec) {
			x.Event("e", nil)
			threads(x, 1, "e")
		},
	} {
		f, _ := explore(t, &depthFirst{}, 1, body)
		require.NotNil(t, f, want)
		require.Contains(t, f.Reason, want)
		require.True(t, f.invalid, want)
	}
}
