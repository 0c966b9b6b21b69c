package workerpool

import (
	"bytes"
	"runtime"
	"strconv"
)

// goroutineID returns a number that the calling goroutine has alone. There is no other way
// to learn it than to read the first line of its stack, "goroutine 7 [running]:". It serves
// to tell that a pool is closed by one of its own tasks, whatever context that uses: to
// wait for itself would take for ever.
func goroutineID() int {
	var stack [64]byte
	return parseGoroutineID(stack[:runtime.Stack(stack[:], false)])
}

func parseGoroutineID(line []byte) int {
	digits, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("goroutine ")), []byte(" "))
	id, err := strconv.Atoi(string(digits))
	if err != nil {
		panic("workerpool: stack without a number: " + string(line))
	}
	return id
}
