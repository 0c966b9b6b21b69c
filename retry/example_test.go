package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/interleave-go/interleave/retry"
)

// The chapter's retry_async, against a server that turns two requests away: each
// attempt has a time limit, only what can pass is tried again, and the pauses are
// what the server asks for.
func Example() {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch requests++; requests {
		case 1:
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, "a success")
		}
	}))
	defer server.Close()

	errUnavailable := errors.New("unavailable")
	policy := retry.Policy{
		MaxAttempts:    6,
		BaseDelay:      time.Millisecond,
		AttemptTimeout: 5 * time.Second,
		Retryable:      func(err error) bool { return errors.Is(err, errUnavailable) },
		OnRetry: func(_ context.Context, attempt int, err error, _ time.Duration) {
			fmt.Printf("attempt %d failed: %v\n", attempt, err)
		},
	}
	answer, err := retry.Get(context.Background(), policy, func(ctx context.Context) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			return "", err
		}
		response, err := server.Client().Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		switch response.StatusCode {
		case http.StatusOK:
			body, err := io.ReadAll(response.Body)
			return string(body), err
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			err := fmt.Errorf("%w: %s", errUnavailable, response.Status)
			if response.Header.Get("Retry-After") == "0" {
				return "", retry.After(err, 0)
			}
			return "", err
		default:
			return "", retry.Permanent(errors.New(response.Status))
		}
	})
	fmt.Println(answer, err)
	// Output:
	// attempt 1 failed: unavailable: 429 Too Many Requests
	// attempt 2 failed: unavailable: 503 Service Unavailable
	// a success <nil>
}

// The same with an http.Client, which then needs nothing but this.
func ExampleTransport() {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch requests++; requests {
		case 1:
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	client := http.Client{Transport: &retry.Transport{
		Base:   server.Client().Transport,
		Policy: retry.Policy{BaseDelay: time.Millisecond, AttemptTimeout: 5 * time.Second},
	}}
	response, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status, "after", requests, "requests")
	// Output: 200 OK after 3 requests
}

func ExampleStatusError() {
	policy := retry.Policy{Retryable: func(err error) bool {
		var status *retry.StatusError
		return !errors.As(err, &status) || status.Code != http.StatusServiceUnavailable
	}}
	fmt.Println(policy.Retryable(&retry.StatusError{Code: 503}), policy.Retryable(&retry.StatusError{Code: 429}))
	// Output: false true
}

func ExamplePolicy_Attempts() {
	policy := retry.Policy{BaseDelay: time.Millisecond}
	call := func(_ context.Context, attempt int) error {
		if attempt < 3 {
			return errors.New("server overloaded")
		}
		return retry.Permanent(errors.New("no such user"))
	}
	var last *retry.Attempt
	for a := range policy.Attempts(context.Background()) {
		last = a
		a.Fail(call(a.Context(), a.Number()))
	}
	fmt.Println(last.Err())
	// Output: after 3 attempts: no such user
}

func ExampleAttempt() {
	var last *retry.Attempt
	for a := range (retry.Policy{MaxAttempts: 2, BaseDelay: -1}).Attempts(context.Background()) {
		last = a
		fmt.Println("attempt", a.Number())
		a.Fail(errors.New("connection reset"))
	}
	fmt.Println(last.Err())
	// Output:
	// attempt 1
	// attempt 2
	// after 2 attempts: connection reset
}

// Two clients of one server share a budget: of all their requests one in ten can be
// made again.
func ExampleBudget() {
	budget := retry.NewBudget(0.1, 0)
	policy := retry.Policy{BaseDelay: -1, Budget: budget}
	down := func(context.Context) error { return errors.New("server down") }
	for range 10 {
		retry.Do(context.Background(), policy, down)
		retry.Do(context.Background(), policy, down)
	}
	fmt.Println(budget.Stats())
	// Output: requests=20 retries=2 refused=20 allowed=0
}

func ExampleBudgetStats() {
	fmt.Println(retry.NewBudget(0.1, 5).Stats().Allowed)
	// Output: 5
}

func ExampleHedge() {
	calls := make(chan int, 2)
	calls <- 1
	calls <- 2
	answer, err := retry.Hedge(context.Background(), retry.Hedging{Delay: time.Millisecond},
		func(ctx context.Context) (string, error) {
			if n := <-calls; n == 1 { // hangs, until the other one has answered
				<-ctx.Done()
				return "", ctx.Err()
			}
			return "the second one", nil
		})
	fmt.Println(answer, err)
	// Output: the second one <nil>
}

func ExampleHedging() {
	var latencies retry.Latencies // of calls of this kind, shared by all who make them
	hedging := retry.Hedging{Delay: 50 * time.Millisecond, Latencies: &latencies, Quantile: 0.99}
	answer, err := retry.Hedge(context.Background(), hedging, func(context.Context) (int, error) { return 42, nil })
	fmt.Println(answer, err)
	// Output: 42 <nil>
}

func ExampleLatencies() {
	var latencies retry.Latencies
	for i := range 100 {
		latencies.Record(time.Duration(i+1) * time.Millisecond)
	}
	fmt.Println(latencies.Quantile(0.95))
	// Output: 95ms 100
}

func ExampleTooLongError() {
	policy := retry.Policy{MaxDelay: time.Minute, StrictAfter: true}
	err := retry.Do(context.Background(), policy, func(context.Context) error {
		return retry.After(errors.New("server overloaded"), time.Hour)
	})
	var long *retry.TooLongError
	if errors.As(err, &long) {
		fmt.Println("come back in", long.Asked)
	}
	// Output: come back in 1h0m0s
}

func ExampleJitter() {
	policy := retry.Policy{
		MaxAttempts: 4,
		BaseDelay:   time.Millisecond,
		Jitter:      retry.EqualJitter,
		Rand:        rand.New(rand.NewPCG(1, 2)).Int64N, // the same pauses each time
		OnRetry: func(_ context.Context, attempt int, _ error, pause time.Duration) {
			longest := time.Millisecond << (attempt - 1)
			fmt.Println(longest/2 <= pause && pause < longest)
		},
	}
	retry.Do(context.Background(), policy, func(context.Context) error { return errors.New("server down") })
	// Output:
	// true
	// true
	// true
}

func ExamplePanicError() {
	defer func() {
		fmt.Println(recover().(*retry.PanicError).Value)
	}()
	retry.Hedge(context.Background(), retry.Hedging{}, func(context.Context) (int, error) { panic("a bug") })
	// Output: a bug
}

func ExampleGet() {
	calls := 0
	policy := retry.Policy{BaseDelay: time.Millisecond}
	answer, err := retry.Get(context.Background(), policy, func(context.Context) (int, error) {
		if calls++; calls < 3 {
			return 0, errors.New("server overloaded")
		}
		return 42, nil
	})
	fmt.Println(answer, err, calls)
	// Output: 42 <nil> 3
}

func ExamplePermanent() {
	err := retry.Do(context.Background(), retry.Policy{}, func(context.Context) error {
		return retry.Permanent(errors.New("404 Not Found")) // no use in asking again
	})
	fmt.Println(err)
	// Output: after 1 attempt: 404 Not Found
}

func ExamplePolicy() {
	flaky := errors.New("connection reset")
	policy := retry.Policy{
		MaxAttempts: 4,
		BaseDelay:   time.Millisecond,
		Retryable:   func(err error) bool { return errors.Is(err, flaky) },
	}
	fmt.Println(retry.Do(context.Background(), policy, func(context.Context) error { return flaky }))
	// Output: after 4 attempts: connection reset
}

func ExampleError() {
	ctx, cancel := context.WithCancel(context.Background())
	err := retry.Do(ctx, retry.Policy{}, func(context.Context) error {
		cancel() // the caller gives up while the call is under way
		return errors.New("connection reset")
	})
	var e *retry.Error
	if errors.As(err, &e) {
		fmt.Println(e.Attempts, e.Last, e.Cause)
	}
	// Output: 1 connection reset context canceled
}
