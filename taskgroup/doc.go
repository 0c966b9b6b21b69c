// Package taskgroup runs tasks in a scope: when [Run] returns, every task it
// started has ended, and no error or panic of any of them is lost.
//
// # The problem
//
// A goroutine that outlives the function that started it has nobody to report
// to and nobody to stop it. Run gives goroutines an owner. The first failure
// cancels the context that all tasks share, Run waits until all have ended, and
// the failures come back as its error.
//
// # When not to use it
//
// Tasks that are to live as long as the program need no group, but main can
// well be one. For many small pieces of work on a fixed number of goroutines
// use workerpool.
//
// # Concurrency properties
//
// [Group.Go] can be called from the body, from tasks, and from goroutines that
// they started, as long as Run has not returned. The failure that cancels the
// group is recorded before the context is cancelled, so that Run's error, the
// cause of the context and what the siblings see agree.
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
