package workerpool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/interleave-go/interleave/workerpool"
)

var ctx = context.Background()

func Example() {
	p := workerpool.New(4)
	defer p.Close()
	f, err := workerpool.Submit(ctx, p, func(context.Context) (int, error) { return 6 * 7, nil })
	if err != nil {
		panic(err) // the pool was closed
	}
	fmt.Println(f.Wait(ctx))
	// Output: 42 <nil>
}

func ExamplePool_Go() {
	p := workerpool.New(2, workerpool.OnError(func(err error) { fmt.Println("failed:", err) }))
	_ = p.Go(ctx, func(context.Context) error { return errors.New("no such page") })
	_ = p.Shutdown(ctx)
	fmt.Println(p.Go(ctx, func(context.Context) error { return nil }))
	// Output:
	// failed: no such page
	// workerpool: closed
}

// What a task fetches is parsed, and what was parsed is stored, by the workers.
func ExampleThen() {
	p := workerpool.New(3)
	defer p.Close()
	var stored []*workerpool.Future[string]
	for _, source := range []string{"A", "B", "C"} {
		fetched, err := workerpool.Submit(ctx, p, func(context.Context) (string, error) { return "raw_data_from_" + source, nil })
		if err != nil {
			panic(err)
		}
		parsed := workerpool.Then(ctx, fetched, func(_ context.Context, raw string) (string, error) {
			if raw == "raw_data_from_B" {
				return "", errors.New("B cannot be parsed")
			}
			return strings.Replace(raw, "raw_data_from_", "parsed: ", 1), nil
		})
		stored = append(stored, workerpool.Then(ctx, parsed, func(_ context.Context, data string) (string, error) {
			return "stored[" + data + "]", nil
		}))
	}
	for _, f := range stored {
		fmt.Println(f.Wait(ctx))
	}
	// Output:
	// stored[parsed: A] <nil>
	//  B cannot be parsed
	// stored[parsed: C] <nil>
}

// A task that is done is dealt with while others go on.
func ExampleAsCompleted() {
	p := workerpool.New(4)
	defer p.Close()
	var futures []*workerpool.Future[string]
	for i := range 4 {
		f, err := workerpool.Submit(ctx, p, func(context.Context) (string, error) {
			return fmt.Sprintf("Response from url %d", i), nil
		})
		if err != nil {
			panic(err)
		}
		futures = append(futures, f)
	}
	for f := range workerpool.AsCompleted(ctx, futures...) {
		fmt.Println(f.Wait(ctx))
	}
	// Unordered output:
	// Response from url 0 <nil>
	// Response from url 1 <nil>
	// Response from url 2 <nil>
	// Response from url 3 <nil>
}

func ExampleWaitAny() {
	p := workerpool.New(2)
	defer p.Close()
	slow, _ := workerpool.Submit(ctx, p, func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() })
	fast, _ := workerpool.Submit(ctx, p, func(context.Context) (string, error) { return "mirror 2", nil })
	first, err := workerpool.WaitAny(ctx, slow, fast)
	if err != nil {
		panic(err)
	}
	fmt.Println(first.Wait(ctx))
	// Output: mirror 2 <nil>
}

func ExampleWaitAll() {
	p := workerpool.New(2)
	defer p.Close()
	var futures []*workerpool.Future[int]
	for i := range 4 {
		f, err := workerpool.Submit(ctx, p, func(context.Context) (int, error) {
			if i == 2 {
				return -1, errors.New("two failed")
			}
			return i * i, nil
		})
		if err != nil {
			panic(err)
		}
		futures = append(futures, f)
	}
	fmt.Println(workerpool.WaitAll(ctx, futures...))
	// Output: [0 1 -1 9] two failed
}

// Each worker has its own connection, which tasks use without locking.
func ExampleWorkerState() {
	type conn struct{ used int }
	open := func(context.Context) (*conn, error) { fmt.Println("open"); return &conn{}, nil }
	p := workerpool.New(1, workerpool.WorkerState(open, func(c *conn) { fmt.Println("close after", c.used) }))
	for range 3 {
		_ = p.Go(ctx, func(ctx context.Context) error {
			workerpool.State[*conn](ctx).used++
			return nil
		})
	}
	_ = p.Shutdown(ctx)
	// Output:
	// open
	// close after 3
}

func ExamplePriority() {
	p := workerpool.New(1)
	p.Pause()
	for _, task := range []struct {
		name     string
		priority int
	}{{"report", -1}, {"page", 0}, {"alarm", 1}} {
		_ = p.Go(ctx, func(context.Context) error { fmt.Println(task.name); return nil }, workerpool.Priority(task.priority))
	}
	p.Resume()
	_ = p.Shutdown(ctx)
	// Output:
	// alarm
	// page
	// report
}

func ExampleTrySubmit() {
	p := workerpool.New(1, workerpool.Queue(0))
	defer p.Close()
	_ = p.Go(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil })
	_, ok := workerpool.TrySubmit(p, func(context.Context) (int, error) { return 1, nil })
	fmt.Println(ok)
	// Output: false
}

func ExampleStats() {
	p := workerpool.New(8, workerpool.Queue(2))
	for i := range 3 {
		_ = p.Go(ctx, func(context.Context) error {
			if i == 1 {
				panic("oops")
			}
			return nil
		})
	}
	_ = p.Shutdown(ctx)
	fmt.Println(p.Stats())
	// Output: workerpool: 0 of 8 workers (0 idle), 0 running, 0 waiting, 0 blocked; 3 submitted: 2 done, 1 failed, 0 cancelled, closed
}

func ExampleInitError() {
	dial := func(context.Context) (int, error) { return 0, errors.New("no route to host") }
	p := workerpool.New(2, workerpool.WorkerState(dial, nil))
	defer p.Close()
	f, err := workerpool.Submit(ctx, p, func(context.Context) (int, error) { return 1, nil })
	if err == nil {
		_, err = f.Wait(ctx)
	}
	var broken *workerpool.InitError
	fmt.Println(errors.As(err, &broken), err)
	// Output: true workerpool: worker not ready: no route to host
}

func ExamplePanicError() {
	p := workerpool.New(1)
	defer p.Close()
	f, _ := workerpool.Submit(ctx, p, func(context.Context) (int, error) { panic("oops") })
	_, err := f.Wait(ctx)
	var panicked *workerpool.PanicError
	fmt.Println(errors.As(err, &panicked), panicked.Value)
	// Output: true oops
}

func ExampleWhenFull() {
	p := workerpool.New(1, workerpool.Queue(0), workerpool.WhenFull(workerpool.Reject))
	defer p.Close()
	task := func(ctx context.Context) error { <-ctx.Done(); return nil }
	fmt.Println(p.Go(ctx, task))
	fmt.Println(p.Go(ctx, task))
	// Output:
	// <nil>
	// workerpool: full
}

func ExampleTimeout() {
	p := workerpool.New(1)
	defer p.Close()
	f, _ := workerpool.Submit(ctx, p, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }, workerpool.Timeout(1))
	fmt.Println(f.Wait(ctx))
	// Output: 0 context deadline exceeded
}

func ExampleOptimalSize() {
	// Tasks that wait for three times as long as they compute.
	fmt.Println(workerpool.OptimalSize(3) == 4*workerpool.OptimalSize(workerpool.CPUBound))
	// Output: true
}
