// Package tokenbucket bounds how often something happens per second.
//
// # The problem
//
// A remote service allows so many requests a second. A [Bucket] holds up to
// burst tokens and gains rate tokens a second; each request takes one. Over any
// span of time at most burst + rate*span tokens are taken, whatever the
// interleaving of the callers. [Keyed] is a bucket for each key, [TakeAll] takes
// from several buckets or from none. [Transport] and [Middleware] bound what an
// HTTP client sends and what a server answers, [NewReader] and [NewWriter] bytes.
//
// It differs from golang.org/x/time/rate in what that is known for:
//
//   - Calls that wait are served in order, by one timer, and earlier if the rate,
//     the burst or those ahead of them change.
//   - A Take that would miss its deadline says when it could be repeated, see
//     [DeadlineError].
//   - To cancel reservations, in any order, is as if they had never been made.
//   - Tokens are counted in whole numbers, so that a token at 3 a second is there
//     after a third of a second, rounded up to the nanosecond, the thousand
//     millionth too.
//   - A clock that goes back, or calls that come with readings of it in any order,
//     gain nothing.
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
// asks for; a reservation has its place among them. A call whose context ends has
// taken nothing and bars nobody behind it. There is no background goroutine:
// tokens are counted when somebody asks, and one timer exists while somebody waits.
//
// While nobody waits and no reservation can be cancelled, TryTake and Take are one
// CompareAndSwap. A refusal only loads, also while others wait, unless the burst is
// too large for one word. TryTake returns false only if at some moment during the
// call the tokens were not there.
//
// # Example
//
//	bucket := tokenbucket.New(5, 10) // 5 a second, up to 10 at once
//	...
//	if err := bucket.Take(ctx, 1); err != nil {
//		return err
//	}
package tokenbucket
