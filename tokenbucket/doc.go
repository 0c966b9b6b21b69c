// Package tokenbucket bounds how often something happens per second.
//
// # The problem
//
// A remote service allows so many requests a second. A [Bucket] holds up to
// burst tokens and gains rate tokens a second; each request takes one. Over any
// span of time at most burst + rate*span tokens are taken, whatever the
// interleaving of the callers.
//
// # When not to use it
//
// To bound how many things happen at the same time, use semaphore: with slow
// answers a rate alone lets any number of them pile up.
//
// # Concurrency properties
//
// All methods are safe for concurrent use. Waiting calls of Take are served
// strictly first in, first out, so that nobody overtakes, however few tokens it
// asks for. A call whose context ends has taken nothing and bars nobody behind
// it. There is no background goroutine: tokens are counted when somebody asks,
// and one timer exists while somebody waits.
//
// # Example
//
//	bucket := tokenbucket.New(5, 10) // 5 a second, up to 10 at once
//	...
//	if err := bucket.Take(ctx, 1); err != nil {
//		return err
//	}
package tokenbucket
