//go:build explore

package explore

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
)

// On reports whether the program is built with the tag explore.
const On = true

// active is the run in progress, if any.
var active atomic.Pointer[Exec]

// Point marks a place between two steps on shared memory, where other
// goroutines may come between. It must not be called with a mutex held. In a
// goroutine of an exploration it stops until the controller lets it go on;
// elsewhere it does nothing.
func Point(name string) {
	x := active.Load()
	if x == nil {
		return
	}
	if id := self(); id.bubble == x.controller.bubble && id != x.controller {
		x.arrive(id, name)
	}
}

// goroutine identifies a goroutine and the synctest bubble it belongs to.
type goroutine struct{ id, bubble uint64 }

// self identifies the calling goroutine by the first line of its stack trace,
// "goroutine 7 [running, synctest bubble 3]:", the only place that tells.
func self() goroutine {
	var buf [96]byte
	return parse(buf[:runtime.Stack(buf[:], false)])
}

func parse(stack []byte) goroutine {
	line, _, _ := bytes.Cut(stack, []byte("]"))
	return goroutine{
		id:     numberAfter(line, "goroutine "),
		bubble: numberAfter(line, "synctest bubble "),
	}
}

// numberAfter returns the number that follows key in line, or 0.
func numberAfter(line []byte, key string) uint64 {
	_, digits, _ := bytes.Cut(line, []byte(key))
	end := bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		digits = digits[:end]
	}
	n, _ := strconv.ParseUint(string(digits), 10, 64)
	return n
}
