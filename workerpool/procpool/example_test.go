//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/interleave-go/interleave/workerpool/procpool"
)

type span struct{ From, To int }

// Functions are defined in variables, and TestMain, like main, begins with
// procpool.Main().
var primesIn = procpool.Define("primes in a span", func(ctx context.Context, s span) ([]int, error) {
	var primes []int
	for n := max(2, s.From); n < s.To; n++ {
		prime := true
		for d := 2; d*d <= n && prime; d++ {
			prime = n%d != 0
		}
		if prime {
			primes = append(primes, n)
		}
	}
	return primes, ctx.Err()
})

func ExampleMap() {
	p := procpool.New(4)
	defer p.Close()
	spans := func(yield func(span) bool) {
		for i := range 8 {
			if !yield(span{i * 1000, (i + 1) * 1000}) {
				return
			}
		}
	}
	total := 0
	for primes, err := range procpool.Map(context.Background(), p, primesIn, spans) {
		if err != nil {
			fmt.Println(err)
			return
		}
		total += len(primes)
	}
	fmt.Println(total, "primes")
	// Output: 1007 primes
}

var (
	factor    int // in each worker
	setFactor = procpool.Define("set the factor", func(_ context.Context, n int) (struct{}, error) {
		factor = n
		return struct{}{}, nil
	})
	sumChunk = procpool.Define("sum a chunk", func(_ context.Context, chunk []int) (sum int, err error) {
		for _, n := range chunk {
			sum += n * factor
		}
		return sum, nil
	})
)

func ExampleInit() {
	p := procpool.New(2, procpool.Init(setFactor, 2))
	defer p.Close()
	chunk := make([]int, 1000)
	for i := range chunk {
		chunk[i] = i
	}
	sum, err := procpool.Call(context.Background(), p, sumChunk, chunk)
	fmt.Println(sum, err)
	// Output: 999000 <nil>
}

type order struct {
	ID   int
	Text string
}

var handle = procpool.Define("handle an order", func(_ context.Context, o order) (string, error) {
	switch o.Text {
	case "":
		return "", errors.New("empty order")
	case "crash":
		os.Exit(1)
	case "hang":
		select {}
	}
	return strings.ToUpper(o.Text), nil
})

// A dispatcher with worker processes: it hands out orders, and neither an order that
// crashes its worker nor one that never ends keeps the others from being handled.
func Example_dispatcher() {
	p := procpool.New(2, procpool.Timeout(time.Second/2), procpool.Grace(10*time.Millisecond))
	orders := []string{"tea", "crash", "", "hang", "cake"}
	incoming := func(yield func(order) bool) {
		for id, text := range orders {
			if !yield(order{id, text}) {
				return
			}
		}
	}
	id := 0
	for reply, err := range procpool.Map(context.Background(), p, handle, incoming) {
		var crash *procpool.CrashError
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			fmt.Println(id, "took too long")
		case errors.As(err, &crash):
			fmt.Println(id, "crashed with exit status", crash.ExitCode)
		case err != nil:
			fmt.Println(id, "failed:", err)
		default:
			fmt.Println(id, reply)
		}
		id++
	}
	fmt.Println(p.Shutdown(context.Background()))
	// Output:
	// 0 TEA
	// 1 crashed with exit status 1
	// 2 failed: empty order
	// 3 took too long
	// 4 CAKE
	// <nil>
}

func ExamplePool_Stats() {
	p := procpool.New(2)
	_, err := procpool.Call(context.Background(), p, primesIn, span{0, 10})
	fmt.Println(err, p.Stats().Done, p.Stats().Workers)
	p.Close()
	fmt.Println(p.Stats())
	// Output:
	// <nil> 1 1
	// limit=2 workers=0 idle=0 submitted=1 waiting=0 running=0 done=1 failed=0 cancelled=0 started=1 closed
}

func ExampleCrashError() {
	p := procpool.New(1, procpool.Output(&safeBuffer{}))
	defer p.Close()
	_, err := procpool.Call(context.Background(), p, crash, struct{}{})
	var e *procpool.CrashError
	if errors.As(err, &e) {
		fmt.Println(e.ExitCode, e.Reason)
	}
	// Output: 2 panic: nobody recovers this
}

func ExampleRemoteError() {
	p := procpool.New(1)
	defer p.Close()
	_, err := procpool.Call(context.Background(), p, fails, "out of cheese")
	var e *procpool.RemoteError
	if errors.As(err, &e) {
		fmt.Println(e.Func, e.Text)
	}
	// Output: fails out of cheese
}

func ExampleStartError() {
	p := procpool.New(1, procpool.Init(fails, "no database"))
	defer p.Close()
	_, err := procpool.Call(context.Background(), p, sumChunk, nil)
	var e *procpool.StartError
	fmt.Println(errors.As(err, &e), err)
	// Output: true procpool: start of a worker: no database
}
