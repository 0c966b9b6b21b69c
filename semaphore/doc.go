// Package semaphore bounds how many units of a resource are in use at once.
//
// # The problem
//
// Many goroutines share something that only a few can use at a time: open
// connections, memory, requests to one host. A [Weighted] semaphore counts the
// units that are taken and lets those who must wait do so in order, until their
// context ends. It has the names and the meaning of
// golang.org/x/sync/semaphore, so that changing the import is enough, and adds
// what that leaves to its users: [Weighted.Resize], [Weighted.Close] and
// [Weighted.Drain], [Weighted.Stats], a bound on those who wait ([MaxWaiters]),
// and a [Permit] that cannot be released twice. It differs where that package
// hangs, accepts a mistake or is slow:
//
//   - Acquire of more than the limit returns [ErrTooLarge] instead of waiting
//     for the context to end.
//   - Negative weights and limits panic.
//   - An over-release panics and leaves the semaphore as it was.
//   - When a waiter is cancelled, those behind it of weight zero are served even
//     if no unit is free.
//   - A newcomer can overtake a waiter for up to a millisecond: see below.
//
// # When not to use it
//
// For one unit, a sync.Mutex is faster if nobody needs to give up waiting. To
// bound the goroutines of one piece of work, bound the tasks where they start
// rather than let thousands park here. To bound a rate per second, use
// tokenbucket.
//
// # Concurrency properties
//
// All methods are safe for concurrent use. Waiters are served first in, first
// out. While the first of them does not fit, nobody overtakes it, so that a
// large request is not kept waiting by however many small ones come later. Once
// it fits it is woken, and a call that comes before it runs can take the units:
// whoever is running already need not wait for a switch of goroutines, which is
// most of what a contended semaphore costs. A waiter that has waited for a
// millisecond is handed its units, and nobody overtakes it any more. This is how
// sync.Mutex treats its waiters.
//
// A waiter whose context ends leaves at once, loses nothing and bars nobody
// behind it. If a grant and the end of the context coincide, the one that
// happens first decides.
//
// # Example
//
//	sem := semaphore.NewWeighted(10)
//	...
//	if err := sem.Acquire(ctx, 1); err != nil {
//		return err
//	}
//	defer sem.Release(1)
package semaphore
