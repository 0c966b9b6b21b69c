package procpool

import (
	"io"
	"os"
	"time"
)

// settings are what options change.
type settings struct {
	idleTime time.Duration
	timeout  time.Duration
	grace    time.Duration
	maxTasks int
	memory   int64
	cpu      time.Duration
	output   io.Writer
	init     *initialiser
}

// initialiser is the function that readies a worker, with its request.
type initialiser struct {
	name string
	req  any
}

func defaults() settings {
	return settings{idleTime: 10 * time.Second, grace: 100 * time.Millisecond, output: os.Stderr}
}

// An Option changes what New makes.
type Option func(*settings)

// Init has every new worker run fn with req before its first task, for what all
// tasks need and what takes long to make. If it fails, so does the call that has
// waited for longest, with a [StartError]; if it fails for three workers on end,
// the pool is broken. It has no time limit other than Close.
func Init[Req, Rep any](fn Func[Req, Rep], req Req) Option {
	init := &initialiser{fn.must().name, boxed(&req)}
	return func(s *settings) { s.init = init }
}

// IdleTime is how long a worker waits for a task before it exits: 10 seconds
// unless this option says otherwise. It panics if d is not positive.
func IdleTime(d time.Duration) Option {
	positive(d, "idle time")
	return func(s *settings) { s.idleTime = d }
}

// Timeout limits the time that each task may run. Without it there is no limit but
// the one of the task's context. What becomes of a task that exceeds it is the
// same: see [Call]. It panics if d is not positive.
func Timeout(d time.Duration) Option {
	positive(d, "timeout")
	return func(s *settings) { s.timeout = d }
}

// Grace is how long a task may go on after its context has ended, before its
// process is killed: 100 milliseconds unless this option says otherwise. It is
// also how long a worker may take to exit. It panics if d is not positive.
func Grace(d time.Duration) Option {
	positive(d, "grace")
	return func(s *settings) { s.grace = d }
}

// MaxTasks replaces each worker by a new one after n tasks, for functions that
// leak. Without it workers are kept. It panics if n is not positive.
func MaxTasks(n int) Option {
	positive(n, "number of tasks")
	return func(s *settings) { s.maxTasks = n }
}

// MemoryLimit is how many bytes a worker may use in addition to what it has mapped
// when it starts. One that asks for more dies of a fatal error of the runtime, such as
// "out of memory". A thread of a program with cgo counts with its stack, usually
// 8 MiB. That needs Linux, where it is enforced as RLIMIT_DATA. RLIMIT_AS would not do:
// the runtime reserves a gigabyte of addresses that it does not use. The garbage
// collector works harder as the limit comes near, and elsewhere that is all
// (debug.SetMemoryLimit). It panics if bytes is not positive.
func MemoryLimit(bytes int64) Option {
	positive(bytes, "memory limit")
	return func(s *settings) { s.memory = bytes }
}

// CPULimit grants every task at least d of CPU time, of all cores together. A
// worker is killed when it has used twice that, in whole seconds, and replaced
// between two tasks when it has used d: the system counts for a process and not
// for a task (RLIMIT_CPU). On systems other than Unix there is no such limit. It
// panics if d is not positive.
func CPULimit(d time.Duration) Option {
	positive(d, "limit of CPU time")
	return func(s *settings) { s.cpu = d }
}

// Output is where what workers write to their standard output and standard error
// goes, instead of to os.Stderr. Several goroutines call w.Write at the same time.
// Nothing is written after Shutdown or Close has returned.
func Output(w io.Writer) Option {
	if w == nil {
		panic("procpool: nil writer")
	}
	return func(s *settings) { s.output = w }
}

func positive[N ~int | ~int64](n N, what string) {
	if n <= 0 {
		panic("procpool: " + what + " is not positive")
	}
}
