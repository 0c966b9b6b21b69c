// Package workerpool runs tasks on a limited number of workers: it bounds how much is done
// at a time and how much waits, and gives each task's result back as a [Future].
//
// # The problem
//
// A goroutine for each task is simple until there are more tasks than memory, files or
// connections. A channel with a few goroutines that read it bounds them, and leaves the
// rest to its user: results, errors and panics, tasks that nobody wants any more, tasks
// that wait for tasks, the end. Here all of that has an answer:
//
//   - A task whose context ends while it is queued is not run; its future fails at once and
//     its place is free.
//   - A task that waits for another one of the same pool lends it its worker: tasks can
//     wait for tasks to any depth, with one worker.
//   - A panic, or a call of runtime.Goexit, is the error of the task, and its worker goes on.
//   - [Pool.Shutdown] runs what was accepted, [Pool.Close] cancels it; after either, no
//     goroutine is left. A submission that comes at the same time is accepted or refused.
//
// # When not to use it
//
// For a few tasks that belong together use taskgroup, which also limits how many run at a
// time. To limit what many goroutines do with something use a semaphore. For tasks that
// have to be stopped by force, or may take the process down, use procpool.
//
// # Concurrency properties
//
// All methods can be called by several goroutines at a time, and by tasks. A pool that is
// idle has no goroutine: workers start when there are tasks, and end after [IdleTime]
// without one.
//
// Tasks of the same [Priority] begin in the order in which they were queued, but for those
// that others wait for. Submissions that wait for room are served in the order of their
// arrival; a newcomer may overtake them for up to a millisecond, which is what makes a busy
// pool fast.
//
// # Example
//
//	p := workerpool.New(workerpool.OptimalSize(workerpool.IOBound))
//	defer p.Close()
//	for page, err := range workerpool.Map(ctx, p, slices.Values(urls), fetch) {
//		...
//	}
package workerpool
