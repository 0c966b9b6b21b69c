package bench

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/alitto/pond/v2"
	"github.com/panjf2000/ants/v2"

	"github.com/interleave-go/interleave/workerpool"
)

const (
	poolWorkers = 8
	poolQueue   = 1024
)

var errWork = errors.New("wrong")

// work takes about fifty nanoseconds.
func work() error {
	n := 0
	for i := range 120 {
		n += i ^ n
	}
	if n == 0 { // it is not, but the compiler does not know
		return errWork
	}
	return nil
}

// BenchmarkPoolSubmit: one goroutine submits tasks of some work, which wait in a queue of
// 1024 for one of eight workers.
func BenchmarkPoolSubmit(b *testing.B) {
	stream(b, "ours", func(b *testing.B, n int) {
		p := workerpool.New(poolWorkers, workerpool.Queue(poolQueue))
		defer p.Close()
		task := func(context.Context) error { return work() }
		for range n {
			_ = p.Go(background, task)
		}
		_ = p.Shutdown(background)
	})
	stream(b, "chanworkers", func(b *testing.B, n int) {
		tasks := make(chan func() error, poolQueue)
		var wg sync.WaitGroup
		for range poolWorkers {
			wg.Go(func() {
				for task := range tasks {
					_ = task()
				}
			})
		}
		task := work
		for range n {
			tasks <- task
		}
		close(tasks)
		wg.Wait()
	})
	stream(b, "pond", func(b *testing.B, n int) {
		p := pond.NewPool(poolWorkers, pond.WithQueueSize(poolQueue))
		task := func() { _ = work() }
		for range n {
			_ = p.Go(task)
		}
		p.StopAndWait()
	})
	stream(b, "ants", func(b *testing.B, n int) {
		p, err := ants.NewPool(poolWorkers)
		if err != nil {
			b.Fatal(err)
		}
		defer p.Release()
		var wg sync.WaitGroup
		task := func() { _ = work(); wg.Done() }
		for range n {
			wg.Add(1)
			_ = p.Submit(task)
		}
		wg.Wait()
	})
}

// BenchmarkPoolFuture: the same with results; one goroutine submits a task and takes the
// result of the one that it submitted 64 before.
func BenchmarkPoolFuture(b *testing.B) {
	const ahead = 64
	stream(b, "ours", func(b *testing.B, n int) {
		p := workerpool.New(poolWorkers, workerpool.Queue(poolQueue))
		defer p.Close()
		var futures [ahead]*workerpool.Future[int]
		task := func(context.Context) (int, error) { return 1, work() }
		for i := range n + ahead {
			if f := futures[i%ahead]; f != nil {
				_, _ = f.Wait(background)
			}
			futures[i%ahead], _ = workerpool.Submit(background, p, task)
		}
	})
	stream(b, "pond", func(b *testing.B, n int) {
		p := pond.NewResultPool[int](poolWorkers, pond.WithQueueSize(poolQueue))
		var results [ahead]pond.ResultTask[int]
		task := func() (int, error) { return 1, work() }
		for i := range n + ahead {
			if r := results[i%ahead]; r != nil {
				_, _ = r.Wait()
			}
			results[i%ahead] = p.SubmitErr(task)
		}
		p.StopAndWait()
	})
}

// stream runs b.N operations, one after the other, as one.
func stream(b *testing.B, name string, run func(b *testing.B, n int)) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		run(b, b.N)
	})
}
