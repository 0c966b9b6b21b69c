// Package retry calls a function again until it succeeds or there is no use in
// trying.
//
// # The problem
//
// Remote calls fail for reasons that pass: a connection is reset, a server is
// overloaded. Trying again helps, if it is done with growing pauses, with
// jitter so that clients do not come back in step, only for errors that can
// pass, never longer than the caller is willing to wait, and not by so many that
// they keep the server down. A [Policy] states this once. [Do] and [Get] apply it
// to a function, [Policy.Attempts] to the body of a loop, [Transport] to the
// requests of an http.Client. A [Budget] bounds the retries of all who share it.
// [Hedge] does not wait for a failure: it asks a second time if the first answer
// is late.
//
// # When not to use it
//
// Do not retry what is not idempotent. For a steady rate of calls use tokenbucket.
//
// # Concurrency properties
//
// A Policy is a plain value that is never written to: any number of calls can
// share it, and a [Budget] and [Latencies] too. Do and what is like it run the
// function on the caller's goroutine, one attempt after the other, and start no
// goroutine; the memory they take does not grow with the attempts. A panic or
// runtime.Goexit of the function passes through. Hooks are called on the caller's
// goroutine as well, and never under a lock.
//
// No attempt begins once the context has ended. If it ends during a pause or in a
// hook, or at the instant at which a pause is over, there is none after that.
//
// # One within another
//
// Where both a function and what it calls retry, attempts would multiply: three
// times three make nine. So the context of every attempt after the first says that
// somebody retries already, and a Do within that attempt makes one attempt only.
// Within the first attempt, whose context is the caller's own, a Do goes on as its
// policy says; if it uses up its attempts and its error is returned, wrapped or
// not, they count as attempts of the outer Do. Together they make no more attempts
// than the larger MaxAttempts allows; at most the sum, if the inner error is not
// returned or is a permanent one, which never keeps the outer Do from trying.
// [Policy.Nested] asks for the product.
//
// # Example
//
//	policy := retry.Policy{MaxAttempts: 5, AttemptTimeout: 2 * time.Second}
//	body, err := retry.Get(ctx, policy, func(ctx context.Context) ([]byte, error) {
//		return fetch(ctx, url)
//	})
package retry
