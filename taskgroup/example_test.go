package taskgroup_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/interleave-go/interleave/taskgroup"
)

// The chapter's TaskGroup: all tasks have ended when Run returns.
func ExampleRun() {
	ctx := context.Background()
	squares := make([]int, 3)
	err := taskgroup.Run(ctx, func(ctx context.Context, g *taskgroup.Group) error {
		for i := range squares {
			g.Go(func(ctx context.Context) error {
				squares[i] = i * i
				return nil
			})
		}
		return nil
	})
	fmt.Println(squares, err)
	// Output: [0 1 4] <nil>
}

// A failure cancels the siblings, and is what Run returns.
func ExampleGroup_Go() {
	err := taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done() // until the sibling fails
			fmt.Println("cancelled:", context.Cause(ctx))
			return ctx.Err()
		})
		g.Go(func(context.Context) error { return errors.New("disk full") })
		return nil
	})
	fmt.Println("failed:", err)
	// Output:
	// cancelled: disk full
	// failed: disk full
}

// A timeout, and a clean-up that has a second of its own although the context has ended.
func ExampleTimeout() {
	err := taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done() // a long transfer
			_ = taskgroup.Shield(ctx, time.Second, func(ctx context.Context) error {
				fmt.Println("removing what is there of the file:", ctx.Err())
				return nil
			})
			return ctx.Err()
		})
		return nil
	}, taskgroup.Timeout(time.Millisecond), taskgroup.Name("transfer"))
	fmt.Println(err)
	// Output:
	// removing what is there of the file: <nil>
	// taskgroup: transfer: timeout after 1ms
}

func ExampleTimeoutError() {
	err := taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("query: %w", ctx.Err())
		}, taskgroup.TaskName("query"), taskgroup.TaskTimeout(time.Millisecond))
		return nil
	})
	var timeout *taskgroup.TimeoutError
	if errors.As(err, &timeout) {
		fmt.Println(timeout.Name, timeout.Timeout, errors.Is(err, context.DeadlineExceeded))
	}
	// Output: query 1ms true
}

func ExampleShield() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := taskgroup.Shield(ctx, time.Minute, func(ctx context.Context) error { return ctx.Err() })
	fmt.Println(ctx.Err(), err)
	// Output: context canceled <nil>
}

// Tasks that wait for tasks do not use up the limit.
func ExampleLimit() {
	var sum func(ctx context.Context, from, to int) (int, error)
	sum = func(ctx context.Context, from, to int) (int, error) {
		if to-from == 1 {
			return from, nil
		}
		halves, err := taskgroup.Gather(ctx,
			func(ctx context.Context) (int, error) { return sum(ctx, from, (from+to)/2) },
			func(ctx context.Context) (int, error) { return sum(ctx, (from+to)/2, to) })
		if err != nil {
			return 0, err
		}
		return halves[0] + halves[1], nil
	}
	_ = taskgroup.Run(context.Background(), func(_ context.Context, g *taskgroup.Group) error {
		g.Go(func(ctx context.Context) error {
			n, err := sum(ctx, 0, 100)
			fmt.Println(n, err)
			return err
		})
		return nil
	}, taskgroup.Limit(2))
	// Output: 4950 <nil>
}

// A task with a result. Its name and state can be asked for at any time.
func ExampleTask() {
	_ = taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		upper := taskgroup.Start(g, func(ctx context.Context) (string, error) {
			return strings.ToUpper("done"), nil
		}, taskgroup.TaskName("upper"))
		idle := taskgroup.Start(g, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, taskgroup.TaskName("idle"))

		result, err := upper.Wait(ctx)
		fmt.Println(upper.Name(), upper.State(), result, err)
		idle.Cancel() // not a failure of the group
		_, err = idle.Wait(ctx)
		fmt.Println(idle.Name(), idle.State(), err)
		return nil
	})
	// Output:
	// upper succeeded DONE <nil>
	// idle cancelled context canceled
}

// A server is a daemon that says when it can be used.
func ExampleServe() {
	err := taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		requests, err := taskgroup.Serve(ctx, g, func(ctx context.Context, ready func(chan<- string)) error {
			requests := make(chan string)
			ready(requests)
			for {
				select {
				case r := <-requests:
					fmt.Println("serving", r)
				case <-ctx.Done():
					fmt.Println("stopped")
					return ctx.Err()
				}
			}
		}, taskgroup.Daemon())
		if err != nil {
			return err
		}
		requests <- "a"
		requests <- "b"
		return nil
	})
	fmt.Println(err)
	// Output:
	// serving a
	// serving b
	// stopped
	// <nil>
}

// What runs, while it runs. Node.String draws it with ages.
func ExampleGroup_Tree() {
	var show func(n taskgroup.Node, indent string)
	show = func(n taskgroup.Node, indent string) {
		fmt.Println(indent+n.Name, n.State)
		for _, child := range n.Children {
			show(child, indent+"  ")
		}
	}
	_ = taskgroup.Run(context.Background(), func(ctx context.Context, g *taskgroup.Group) error {
		begun := make(chan struct{})
		end := make(chan struct{})
		g.Go(func(ctx context.Context) error {
			return taskgroup.Run(ctx, func(_ context.Context, _ *taskgroup.Group) error {
				close(begun)
				<-end
				return nil
			}, taskgroup.Name("download"))
		}, taskgroup.TaskName("page"))
		<-begun
		show(g.Tree(), "")
		close(end)
		return nil
	}, taskgroup.Name("crawl"))
	// Output:
	// crawl running
	//   page running
	//     download running
}

func ExampleNode() {
	tree := taskgroup.Node{Name: "crawl", State: taskgroup.Waiting, Age: time.Second, Children: []taskgroup.Node{
		{Name: "page", State: taskgroup.Running, Age: time.Second, Children: []taskgroup.Node{
			{Name: "download", State: taskgroup.Running, Age: time.Millisecond},
		}},
		{Name: "save", State: taskgroup.Queued},
	}}
	fmt.Print(tree)
	// Output:
	// crawl (waiting, 1s)
	// ├── page (running, 1s)
	// │   └── download (running, 1ms)
	// └── save (queued, 0s)
}

func ExamplePanicError() {
	defer func() {
		if p, ok := recover().(*taskgroup.PanicError); ok {
			fmt.Println("a task panicked:", p.Value)
		}
	}()
	_ = taskgroup.Run(context.Background(), func(_ context.Context, g *taskgroup.Group) error {
		g.Go(func(context.Context) error { panic("index out of range") })
		return nil
	})
	// Output: a task panicked: index out of range
}

func ExampleOnPanic() {
	err := taskgroup.Run(context.Background(), func(_ context.Context, g *taskgroup.Group) error {
		g.Go(func(context.Context) error { panic("index out of range") })
		return nil
	}, taskgroup.OnPanic(taskgroup.AsError))
	var p *taskgroup.PanicError
	fmt.Println(errors.As(err, &p), p.Value)
	// Output: true index out of range
}

func ExampleState() {
	fmt.Println(taskgroup.Queued, taskgroup.Running, taskgroup.Waiting, taskgroup.Succeeded)
	// Output: queued running waiting succeeded
}
