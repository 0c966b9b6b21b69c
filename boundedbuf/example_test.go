package boundedbuf_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/interleave-go/interleave/boundedbuf"
)

// The chapter's BoundedBuffer: a producer that is at most two items ahead.
func ExampleBuffer() {
	ctx := context.Background()
	buf := boundedbuf.New[int](2)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer buf.Close()
		for i := range 5 {
			if err := buf.Put(ctx, i*i); err != nil {
				return
			}
		}
	})
	for v := range buf.All(ctx) {
		fmt.Print(v, " ")
	}
	wg.Wait()
	// Output: 0 1 4 9 16
}

// The chapter's PriorityQueue. Its tasks of equal priority are compared by what
// they carry; these leave in the order in which they came.
func ExampleNewPriority() {
	type task struct {
		priority int
		name     string
	}
	buf := boundedbuf.NewPriority(10, func(a, b task) bool { return a.priority < b.priority })
	for _, t := range []task{{3, "sweep"}, {1, "alarm"}, {3, "dust"}, {2, "door"}} {
		buf.TryPut(t)
	}
	buf.Close()
	for t := range buf.All(context.Background()) {
		fmt.Println(t.priority, t.name)
	}
	// Output:
	// 1 alarm
	// 2 door
	// 3 sweep
	// 3 dust
}

// The chapter's LifoQueue.
func ExampleNewLIFO() {
	buf := boundedbuf.NewLIFO[string](3)
	buf.TryPut("first")
	buf.TryPut("second")
	buf.TryPut("third")
	fmt.Println(buf.TryPut("fourth"))
	fmt.Println(buf.CloseNow())
	// Output:
	// false
	// [third second first]
}

// The chapter's TaskQueue: workers tell when they are done with an item, and
// Join waits for all of them.
func ExampleBuffer_Join() {
	ctx := context.Background()
	tasks := boundedbuf.New[int](4)
	var sum atomic.Int64
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			for n := range tasks.All(ctx) {
				sum.Add(int64(n))
				tasks.Done()
			}
		})
	}
	if _, err := tasks.PutAll(ctx, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}); err != nil {
		fmt.Println(err)
	}
	if err := tasks.Join(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(sum.Load())
	tasks.Close()
	workers.Wait()
	// Output: 55
}

// The chapter's producer and consumer await the producers before a consumer
// exists, and hang for good once the queue is full. Here consumers start first,
// and the end of the producers closes the buffer; if nobody ever consumed, the
// context would end the puts.
func ExampleBuffer_All() {
	ctx := context.Background()
	buf := boundedbuf.New[string](5)
	var consumers, producers sync.WaitGroup
	var consumed atomic.Int64
	for range 2 {
		consumers.Go(func() {
			for range buf.All(ctx) {
				consumed.Add(1)
			}
		})
	}
	for p := range 3 {
		producers.Go(func() {
			for i := range 4 {
				if err := buf.Put(ctx, fmt.Sprint("item ", p, i)); err != nil {
					return
				}
			}
		})
	}
	producers.Wait()
	buf.Close()
	consumers.Wait()
	fmt.Println(consumed.Load(), "items, at most", buf.Cap(), "of them waiting at a time")
	// Output: 12 items, at most 5 of them waiting at a time
}

// What a consumer that is behind need not see is dropped: the latest three
// readings are kept.
func ExampleWhenFull() {
	readings := boundedbuf.New[int](3, boundedbuf.WhenFull(boundedbuf.DropOldest))
	for i := range 10 {
		readings.TryPut(i)
	}
	fmt.Println(readings.CloseNow(), readings.Stats().Dropped)
	// Output: [7 8 9] 7
}
