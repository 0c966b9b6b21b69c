package bench

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	sethvargo "github.com/sethvargo/go-retry"

	"github.com/interleave-go/interleave/retry"
)

// BenchmarkRetryOK: a call that succeeds at once. A backoff of sethvargo counts the
// attempts of one call, so that each needs one of its own.
func BenchmarkRetryOK(b *testing.B) {
	alone(b, impl{"ours", func(*testing.B) func() {
		var p retry.Policy
		return func() { _ = retry.Do(background, p, succeed) }
	}}, impl{"sethvargo", func(*testing.B) func() {
		return func() { _ = sethvargo.Exponential(background, 100*time.Millisecond, succeed) }
	}}, impl{"limit-loop", func(*testing.B) func() {
		return func() { _ = tryLoop(background, 3, succeed) }
	}})
}

// BenchmarkRetryThreeFailures: three failures, without pauses, and then a success.
func BenchmarkRetryThreeFailures(b *testing.B) {
	failed := errors.New("failed")
	calls := 0
	call := func() error {
		if calls++; calls%4 != 0 {
			return failed
		}
		return nil
	}
	alone(b, impl{"ours", func(*testing.B) func() {
		calls = 0
		p := retry.Policy{MaxAttempts: 4, BaseDelay: -1}
		fn := func(context.Context) error { return call() }
		return func() { _ = retry.Do(background, p, fn) }
	}}, impl{"backoff", func(*testing.B) func() {
		calls = 0
		fn := func() (struct{}, error) { return struct{}{}, call() }
		return func() {
			_, _ = backoff.Retry(background, fn, backoff.WithBackOff(&backoff.ZeroBackOff{}), backoff.WithMaxTries(4))
		}
	}}, impl{"limit-loop", func(*testing.B) func() {
		calls = 0
		fn := func(context.Context) error { return call() }
		return func() { _ = tryLoop(background, 4, fn) }
	}})
}

// tryLoop is the least that a call which retries can be: a look at ctx before each
// attempt, and a bound on the attempts.
func tryLoop(ctx context.Context, attempts int, fn func(context.Context) error) (err error) {
	for range attempts {
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		if err = fn(ctx); err == nil {
			return nil
		}
	}
	return err
}
