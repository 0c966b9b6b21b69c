// Package procpool runs tasks in child processes, which are more processes of the
// same program.
//
// # The problem
//
// A goroutine cannot be stopped from outside. A task that loops for ever, uses up
// the memory, crashes in C or calls os.Exit takes the whole program with it. Here
// it takes a process that has nothing else to do. A [Pool] starts its workers when
// there are tasks, kills the one whose task does not end in time, and tells what
// became of each task: its reply, its error, or how its process ended and what that
// wrote last.
//
// A function is made known to workers by [Define], and run by [Call] or [Map]; it
// cannot be a closure, since only its name is sent. Requests and replies are sent by
// encoding/gob over pipes of their own, so that tasks can print. [Main] makes a
// process a worker, and has to be called at the top of main, and of TestMain.
//
// # When not to use it
//
// Goroutines use all cores, so speed is no reason. A call costs some 15 to 30
// microseconds and a worker some milliseconds and megabytes: if it is enough that
// a task's context ends, and that a panic is recovered, use workerpool. Workers are
// isolated from each other by accident, not by law: they have the rights and the
// environment of the program. What a task starts on its own, other than goroutines,
// is the task's to end.
//
// # Concurrency properties
//
// Calls are served first come, first served, and a worker runs one task at a time.
// Every accepted task is run once or not at all, and has one outcome; a crash fails
// the one task that ran. A task whose context has ended while it waits is not run.
// One that runs has its own context ended, and is killed after [Grace]. A task that
// panics is reported as a [PanicError], and its worker is replaced, since nobody
// knows what it leaves behind; after runtime.Goexit, which is [ErrGoexit], the worker
// goes on.
//
// A worker that dies while it is idle is replaced. If it is handed a task at that
// moment, that task fails.
//
// No process, goroutine or timer exists before the first task, after [Pool.Shutdown]
// or [Pool.Close], and once all workers have been idle for [IdleTime]. A worker costs
// the pool two goroutines and a thread, and one more goroutine with [Output]. Every
// worker is waited for, so that there are no zombies. Should the program die, its
// workers do: on Linux the system kills them (Pdeathsig), elsewhere they exit
// when their pipe is closed.
//
// On systems other than Unix, what tasks print goes to standard error. A pool cannot
// be used in a testing/synctest bubble, since processes are not part of one.
//
// # Example
//
//	var IsPrime = procpool.Define("is-prime", func(_ context.Context, n int) (bool, error) {
//		return big.NewInt(int64(n)).ProbablyPrime(20), nil
//	})
//
//	func main() {
//		procpool.Main()
//		p := procpool.New(4, procpool.Timeout(time.Second))
//		defer p.Close()
//		prime, err := procpool.Call(ctx, p, IsPrime, 1_000_003)
//		...
//	}
package procpool
