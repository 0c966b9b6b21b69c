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
	succeed := func(context.Context) error { return nil }
	alone(b, impl{"ours", func(*testing.B) func() {
		var p retry.Policy
		return func() { _ = retry.Do(background, p, succeed) }
	}}, impl{"sethvargo", func(*testing.B) func() {
		return func() { _ = sethvargo.Exponential(background, 100*time.Millisecond, succeed) }
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
	}})
}
