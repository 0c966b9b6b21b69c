package tokenbucket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/tokenbucket"
)

func ExampleBucket() {
	bucket := tokenbucket.New(100, 2) // a hundred a second, two at once
	start := time.Now()
	for range 4 {
		if err := bucket.Take(context.Background(), 1); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Two came from the burst, two had to grow for 10 ms each.
	fmt.Println(time.Since(start) >= 20*time.Millisecond)
	// Output: true
}

// The chapter's ThrottledClient: ten requests at once, to a server that allows 100
// a second and six at once. They are sent in the order of arrival.
func ExampleTransport() {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Response-%d from %s", asked.Add(1), r.URL.Path)
	}))
	defer server.Close()

	transport := tokenbucket.NewTransport(server.Client().Transport, 100, 6)
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	start := time.Now()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			response, err := client.Get(fmt.Sprint(server.URL, "/", i))
			if err != nil {
				fmt.Println(err)
				return
			}
			defer response.Body.Close()
			_, _ = io.Copy(io.Discard, response.Body)
		})
	}
	wg.Wait()
	fmt.Println(asked.Load(), "answers;", "as slow as it has to be:", time.Since(start) >= 40*time.Millisecond)
	// Output: 10 answers; as slow as it has to be: true
}

func ExampleMiddleware() {
	perClient := tokenbucket.NewKeyed[string](1, 2)
	limit := tokenbucket.Middleware(perClient, func(r *http.Request) string { return r.Header.Get("Client") })
	handler := limit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	for _, client := range []string{"a", "a", "a", "b"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Client", client)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(client, w.Code, w.Header().Get("RateLimit-Remaining"), "left")
	}
	// Output:
	// a 200 1 left
	// a 200 0 left
	// a 429 0 left
	// b 200 1 left
}

func ExampleKeyed() {
	logins := tokenbucket.NewKeyed[string](1./60, 3) // one a minute, three at once
	for range 4 {
		fmt.Print(logins.TryTake("mallory", 1), " ")
	}
	fmt.Println(logins.TryTake("alice", 1), logins.Len())
	// Output: true true true false true 2
}

func ExampleTakeAll() {
	host, all := tokenbucket.New(1, 1), tokenbucket.New(10, 5)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second/10)
	defer cancel()
	for range 2 {
		err := tokenbucket.TakeAll(ctx, 1, host, all)
		fmt.Println(err == nil, int(all.Tokens()))
	}
	// Output:
	// true 4
	// false 4
}

func ExampleReservation() {
	bucket := tokenbucket.New(1, 1)
	now, later := bucket.Reserve(1), bucket.Reserve(1)
	fmt.Println(now.Delay(), later.Delay() > 900*time.Millisecond)
	later.Cancel()
	now.Cancel()
	fmt.Println(bucket.Tokens())
	// Output:
	// 0s true
	// 1
}

func ExampleDeadlineError() {
	bucket := tokenbucket.New(1./3600, 1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for range 2 {
		err := bucket.Take(ctx, 1)
		var late *tokenbucket.DeadlineError
		if errors.As(err, &late) {
			fmt.Println(errors.Is(err, context.DeadlineExceeded), time.Until(late.RetryAt).Round(time.Hour))
		}
	}
	// Output: true 1h0m0s
}

func ExampleNewReader() {
	bucket := tokenbucket.New(1e6, 1024) // a megabyte a second
	r := tokenbucket.NewReader(context.Background(), strings.NewReader("not too fast"), bucket)
	_, err := io.Copy(os.Stdout, r)
	fmt.Println(err)
	// Output: not too fast<nil>
}

func ExampleNewWriter() {
	bucket := tokenbucket.New(1e6, 4)
	_, err := io.WriteString(tokenbucket.NewWriter(context.Background(), os.Stdout, bucket), "in parts of four")
	fmt.Println(err)
	// Output: in parts of four<nil>
}

func ExampleStats() {
	bucket := tokenbucket.New(0, 3)
	bucket.TryTake(2)
	fmt.Println(bucket.Stats().Tokens, bucket)
	// Output: 1 rate=0/s burst=3 tokens=1
}

func ExampleKeyedStats() {
	keyed := tokenbucket.NewKeyed[int](0, 3)
	keyed.TryTake(7, 1)
	fmt.Println(keyed.Stats().Keys, keyed)
	// Output: 1 rate=0/s burst=3 keys=1 waiting=0
}
