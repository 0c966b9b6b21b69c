//go:build explore

package explore

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"time"
)

// patience is the real time that a step may take.
var patience = 10 * time.Second

// watch panics when a run makes no progress for some time, which synctest.Wait
// cannot notice: a thread that is blocked on a mutex does not count as blocked.
// stop ends the watch.
func watch() (stop func()) {
	type progress struct {
		x     *Exec
		steps uint64
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticks := time.NewTicker(patience)
		defer ticks.Stop()
		var last progress
		for {
			select {
			case <-quit:
				return
			case <-ticks.C:
			}
			x := active.Load()
			if x == nil {
				continue
			}
			now := progress{x, x.progress.Load()}
			if now == last {
				panic(x.hung())
			}
			last = now
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// hung describes a run whose step does not end.
func (x *Exec) hung() string {
	suspect := "no thread is at a Point; does one loop, or wait for something outside the bubble?"
	if parked := x.parked(); len(parked) > 0 {
		latest := parked[len(parked)-1]
		suspect = fmt.Sprintf("Point while a mutex is held? Most likely %q, where %s is", latest.point, latest.name)
	}
	return fmt.Sprintf("explore: no progress for %v: %s\n\n%s\n\n%s",
		patience, suspect, strings.Join(x.whereabouts(), "\n"), x.goroutineStacks())
}

// goroutineStacks returns the stack traces of the goroutines in the bubble, but
// for the three that make it.
func (x *Exec) goroutineStacks() string {
	buf := make([]byte, 1<<20)
	var stacks []string
	for _, stack := range bytes.Split(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		id := parse(stack)
		if id.bubble == x.controller.bubble && id != x.controller && !bytes.Contains(stack, []byte("testing/synctest.")) {
			stacks = append(stacks, string(stack))
		}
	}
	return strings.Join(stacks, "\n\n")
}
