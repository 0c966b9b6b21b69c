// Package taskgroup runs tasks in a scope: when [Run] returns, every task it
// started has ended, and no error or panic of any of them is lost. This is
// structured concurrency, as in Trio's nurseries, Kotlin's coroutineScope, Swift's
// task groups and Java's StructuredTaskScope.
//
// # The problem
//
// A goroutine that outlives the function that started it has nobody to report to
// and nobody to stop it. Run gives goroutines an owner:
//
//	Run ─┬─ body ───── Go ──── Start ──── returns ···┐
//	     │              │        │                   ┊
//	     ├─ task ───────┴────────┼──── ended         ┊
//	     │                       │                   ┊ waits for the last one
//	     ├─ task ────────────────┴─ fails            ┊
//	     │                            ┊ cancels ctx  ┊
//	     └─ task ─┬─ Run ─────────────▼──── ended    ┊
//	              ├─ task ────────────▼── ended      ┊
//	              └─ task ────────────▼─── ended     ┊
//	                                              returns the failure
//
// What goes in comes out at the end of the scope, or the scope does not end:
//
//   - A failure cancels the context that all share; Run waits until all have ended, and
//     returns the failure, with what else went wrong joined to it.
//   - A panic does the same, and then goes on in the caller of Run, with the stack of
//     where it began. runtime.Goexit, as called by t.FailNow, is a failure.
//   - A scope within a task ends before the task does, so a whole tree of scopes is ended
//     by cancelling its root, from the leaves up.
//
// So a function that uses a group looks like any other from the outside: it returns when
// it is done, and says how it went. The usual shapes are functions of their own: [Gather]
// for all results or the first failure, [Settle] for every outcome, [Race] and [Quorum] for
// the first successes, [ForEach] and [GatherSeq] for sequences. [Start] gives a task a
// result, [Serve] waits until a task is ready, [Daemon] ends a task with the others, [Shield]
// cleans up in a task that was cancelled. [Group.Tree] shows what runs.
//
// # When not to use it
//
// Tasks that are to live as long as the program need no group, but main can well be one.
// For many small pieces of work on a fixed number of goroutines, with results, priorities
// and a queue that pushes back, use workerpool.
//
// # Concurrency properties
//
// [Group.Go] and [Start] can be called from the body, from tasks, and from goroutines that
// they started, as long as Run has not returned. The failure that cancels the group is
// recorded before the context is cancelled, so that Run's error, the cause of the context
// and what the siblings see agree.
//
// Tasks start in the order in which they were added, and none waits for the end of another
// one unless under a [Limit]. A task may run on a goroutine on which another one has ended:
// what it does to that goroutine (pprof labels, runtime.LockOSThread) it has to undo.
//
// # Example
//
//	err := taskgroup.Run(ctx, func(ctx context.Context, g *taskgroup.Group) error {
//		for _, url := range urls {
//			g.Go(func(ctx context.Context) error { return fetch(ctx, url) })
//		}
//		return nil
//	})
package taskgroup
