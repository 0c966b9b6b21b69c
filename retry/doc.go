// Package retry calls a function again until it succeeds or there is no use in
// trying.
//
// # The problem
//
// Remote calls fail for reasons that pass: a connection is reset, a server is
// overloaded. Trying again helps, if it is done with growing pauses, with
// jitter so that clients do not come back in step, only for errors that can
// pass, and never longer than the caller is willing to wait. A [Policy] states
// this once; [Do] and [Get] apply it.
//
// # When not to use it
//
// Do not retry what is not idempotent, nor at two levels of one call: attempts
// multiply. For a steady rate of calls use tokenbucket.
//
// # Concurrency properties
//
// A Policy is a plain value that is never written to: any number of calls can
// share it. Calls run the function on the caller's goroutine, one attempt after
// the other, and start no goroutine. A panic of the function passes through.
//
// # Example
//
//	policy := retry.Policy{MaxAttempts: 5, AttemptTimeout: 2 * time.Second}
//	body, err := retry.Get(ctx, policy, func(ctx context.Context) ([]byte, error) {
//		return fetch(ctx, url)
//	})
package retry
