package taskgroup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/interleave-go/interleave/taskgroup"
)

// The chapter's gather: all at the same time, results in the order of the calls.
func ExampleGather() {
	results, err := taskgroup.Gather(context.Background(),
		func(context.Context) (string, error) { return "a", nil },
		func(context.Context) (string, error) { return "b", nil })
	fmt.Println(results, err)
	// Output: [a b] <nil>
}

// Five URLs at once.
func ExampleGather_urls() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "content of %s", r.URL.Path)
	}))
	defer server.Close()
	defer server.Client().CloseIdleConnections()

	var fetches []func(ctx context.Context) (string, error)
	for _, path := range []string{"/1", "/2", "/3", "/4", "/5"} {
		fetches = append(fetches, func(ctx context.Context) (string, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
			if err != nil {
				return "", err
			}
			resp, err := server.Client().Do(req)
			if err != nil {
				return "", err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			return string(body), err
		})
	}
	pages, err := taskgroup.Gather(context.Background(), fetches...)
	fmt.Println(strings.Join(pages, "\n"))
	fmt.Println(err)
	// Output:
	// content of /1
	// content of /2
	// content of /3
	// content of /4
	// content of /5
	// <nil>
}

// The chapter's gather with return_exceptions=True: every outcome, whatever it is.
func ExampleSettle() {
	outcomes := taskgroup.Settle(context.Background(),
		func(context.Context) (int, error) { return 1, nil },
		func(context.Context) (int, error) { return 0, errors.New("broken") },
		func(context.Context) (int, error) { return 3, nil })
	for _, o := range outcomes {
		fmt.Println(o.Value, o.Err)
	}
	// Output:
	// 1 <nil>
	// 0 broken
	// 3 <nil>
}

func ExampleOutcome() {
	for _, o := range taskgroup.Settle(context.Background(), func(context.Context) (int, error) { return 7, nil }) {
		if o.Err == nil {
			fmt.Println(o.Value)
		}
	}
	// Output: 7
}

// The mirror that answers first wins. The other one is told to stop, and awaited.
func ExampleRace() {
	v, err := taskgroup.Race(context.Background(),
		func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		},
		func(ctx context.Context) (string, error) { return "fast mirror", nil },
		func(ctx context.Context) (string, error) { return "", errors.New("no route") })
	fmt.Println(v, err)
	// Output: fast mirror <nil>
}

// Two replicas of three are enough.
func ExampleQuorum() {
	replica := func(d time.Duration, err error) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			select {
			case <-time.After(d):
				return "written", err
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
	}
	acks, err := taskgroup.Quorum(context.Background(), 2, replica(0, nil), replica(time.Hour, nil), replica(0, nil))
	fmt.Println(acks, err)
	_, err = taskgroup.Quorum(context.Background(), 3, replica(0, nil), replica(0, errors.New("read-only")), replica(time.Hour, nil))
	fmt.Println(err)
	// Output:
	// [written written] <nil>
	// read-only
}

// Any number of values, of which at most three are worked on at a time.
func ExampleForEach() {
	squares := make([]int, 10)
	err := taskgroup.ForEach(context.Background(), 3, maps.Keys(map[int]bool{2: true, 5: true, 7: true}), func(ctx context.Context, n int) error {
		squares[n] = n * n
		return nil
	})
	fmt.Println(squares, err)
	// Output: [0 0 4 0 0 25 0 49 0 0] <nil>
}

// At most two calls are ahead of the loop, which gets the results in order.
func ExampleGatherSeq() {
	words := slices.Values([]string{"one", "two", "three"})
	for word, err := range taskgroup.GatherSeq(context.Background(), 2, words, func(_ context.Context, word string) (string, error) {
		return strings.ToUpper(word), nil
	}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(word)
	}
	// Output:
	// ONE
	// TWO
	// THREE
}
