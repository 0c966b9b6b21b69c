package workerpool

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOptionsPanic(t *testing.T) {
	for message, fn := range map[string]func(){
		"workerpool: New with 0 workers":                  func() { New(0) },
		"workerpool: Queue(-1)":                           func() { Queue(-1) },
		"workerpool: WhenFull(3)":                         func() { WhenFull(CallerRuns + 1) },
		"workerpool: IdleTime(-1ns)":                      func() { IdleTime(-1) },
		"workerpool: RetireAfter(0)":                      func() { RetireAfter(0) },
		"workerpool: Resize to 0 workers":                 func() { New(1).Resize(0) },
		"workerpool: WaitAny of nothing":                  func() { _, _ = WaitAny[int](t.Context()) },
		"workerpool: OptimalSize of negative waiting":     func() { OptimalSize(-1) },
		"workerpool: CallerRuns with WorkerState":         func() { New(1, WhenFull(CallerRuns), WorkerState(value(1), nil)) },
		"workerpool: State outside of a task":             func() { State[int](t.Context()) },
		"workerpool: stack without a number: goroutine x": func() { parseGoroutineID([]byte("goroutine x")) },
	} {
		require.PanicsWithValue(t, message, fn)
	}
}

func TestOptimalSize(t *testing.T) {
	n := runtime.GOMAXPROCS(0)
	require.Equal(t, n, OptimalSize(CPUBound))
	require.Equal(t, 10*n, OptimalSize(IOBound))
	require.Equal(t, 2*n, OptimalSize(1))
	require.Equal(t, 1<<20, OptimalSize(1e300))
}

// As many as the queue takes are accepted besides those that run, and no more.
func TestRejectIsExact(t *testing.T) {
	for _, capacity := range []int{0, 1, 3} {
		inBubble(t, 2, with(Queue(capacity), WhenFull(Reject)), func(t *testing.T, p *Pool) {
			for range 2 + capacity { // workers may not have come yet
				require.NoError(t, p.Go(t.Context(), slow(time.Second)))
			}
			for range 2 {
				require.Equal(t, ErrFull, p.Go(t.Context(), slow(0)))
				_, err := Submit(t.Context(), p, value(1))
				require.Equal(t, ErrFull, err)
				f, ok := TrySubmit(p, value(1))
				require.False(t, ok)
				require.Nil(t, f)
				requireStats(t, p, Stats{Limit: 2, Workers: 2, Submitted: 2 + capacity, Running: 2, Waiting: capacity})
			}
			time.Sleep(time.Second)
			synctest.Wait()
			f, ok := TrySubmit(p, value(1))
			require.True(t, ok)
			gives(t, f, 1)
		})
	}
}

func TestBlockWaitsForRoomInOrder(t *testing.T) {
	for _, capacity := range []int{0, 1} {
		inBubble(t, 1, with(Queue(capacity)), func(t *testing.T, p *Pool) {
			start := time.Now()
			for range 1 + capacity {
				require.NoError(t, p.Go(t.Context(), slow(time.Second)))
			}
			ended := make(chan int, 3)
			for i := range 3 {
				go func() {
					_ = p.Go(t.Context(), slow(time.Second))
					ended <- i
				}()
				synctest.Wait()
			}
			require.Equal(t, 3, p.Stats().Blocked)
			require.Contains(t, p.String(), "3 blocked")
			for i := range 3 {
				require.Equal(t, i, <-ended)
				require.Equal(t, time.Duration(i+1)*time.Second, time.Since(start))
			}
			require.NoError(t, p.Shutdown(t.Context()))
			require.Equal(t, time.Duration(4+capacity)*time.Second, time.Since(start))
		})
	}
}

// A submitter that is called runs when the worker has gone to rest: it has that woken.
func TestAdmissionWakesAWorker(t *testing.T) {
	for _, capacity := range []int{0, 1} {
		inBubble(t, 1, with(Queue(capacity), IdleTime(time.Hour)), func(t *testing.T, p *Pool) {
			release := make(chan struct{})
			block := func(context.Context) (int, error) { <-release; return 0, nil }
			for range 1 + capacity {
				submit(t, t.Context(), p, block)
			}
			last := make(chan *Future[int], 1)
			go func() {
				f, _ := Submit(t.Context(), p, value(7))
				last <- f
			}()
			synctest.Wait()
			takes(t, 0, func() { // less than what has a submitter admitted at once
				close(release)
				gives(t, <-last, 7)
			})
		})
	}
}

func TestBlockEndsWithContext(t *testing.T) {
	inBubble(t, 1, with(Queue(0)), func(t *testing.T, p *Pool) {
		require.NoError(t, p.Go(t.Context(), slow(time.Minute)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		takes(t, time.Second, func() {
			require.Equal(t, context.DeadlineExceeded, p.Go(ctx, slow(0)))
			require.Equal(t, context.DeadlineExceeded, p.Go(ctx, slow(0)), "it has ended")
		})
		requireStats(t, p, Stats{Limit: 1, Workers: 1, Submitted: 1, Running: 1})
	})
}

func TestCallerRuns(t *testing.T) {
	var errs []error
	inBubble(t, 1, with(Queue(1), WhenFull(CallerRuns), OnError(func(err error) { errs = append(errs, err) })), func(t *testing.T, p *Pool) {
		require.NoError(t, p.Go(t.Context(), slow(time.Minute)))
		require.NoError(t, p.Go(t.Context(), slow(time.Minute)))
		takes(t, time.Second, func() { require.NoError(t, p.Go(t.Context(), slow(time.Second))) })
		f := submit(t, t.Context(), p, func(context.Context) (int, error) { return 3, errTask })
		fails(t, f, errTask)
		require.Empty(t, errs, "it has a future")
		require.NoError(t, p.Go(t.Context(), func(context.Context) error { return errTask }))
		require.Equal(t, []error{errTask}, errs)

		var panicked *PanicError
		f = submit(t, t.Context(), p, func(context.Context) (int, error) { panic(errTask) })
		_, err := f.Wait(t.Context())
		require.ErrorAs(t, err, &panicked)
		require.Equal(t, errTask, panicked.Value)

		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = p.Go(t.Context(), func(context.Context) error { runtime.Goexit(); return nil })
			errs = nil // not reached
		}()
		<-ended
		require.Equal(t, []error{errTask, ErrGoexit}, errs)
		requireStats(t, p, Stats{Limit: 1, Workers: 1, Submitted: 7, Running: 1, Waiting: 1, Done: 1, Failed: 4})
	})
}

// The context of a task that its submitter runs is as that of others.
func TestCallerRunsContext(t *testing.T) {
	inBubble(t, 1, with(Queue(0), WhenFull(CallerRuns)), func(t *testing.T, p *Pool) {
		require.NoError(t, p.Go(t.Context(), slow(time.Second)))
		time.AfterFunc(time.Second, p.Close)
		var kept context.Context
		takes(t, time.Second, func() {
			f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
				kept = ctx
				return 0, untilEnd(ctx)
			})
			fails(t, f, ErrClosed)
		})
		require.Equal(t, context.Canceled, kept.Err())
	})
}

// A task that runs another one for want of room can still lend its worker.
func TestCallerRunsWithinATask(t *testing.T) {
	inBubble(t, 1, with(Queue(1), WhenFull(CallerRuns)), func(t *testing.T, p *Pool) {
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) {
			queued, _ := Submit(ctx, p, value(2))
			here, _ := Submit(ctx, p, func(ctx context.Context) (int, error) {
				v, err := queued.Wait(ctx)
				return v + 1, err
			})
			return here.Wait(ctx)
		})
		gives(t, f, 3)
	})
}

func TestPriorities(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		p.Pause()
		var order []int
		for i, priority := range []int{0, -1, 2, 0, 1, 2, -1, 0, -2} {
			require.NoError(t, p.Go(t.Context(), func(context.Context) error {
				order = append(order, i)
				return nil
			}, Priority(priority)))
		}
		p.Resume()
		require.NoError(t, p.Shutdown(t.Context()))
		require.Equal(t, []int{2, 5, 4, 0, 3, 7, 1, 6, 8}, order)
	})
}

func TestTimeoutStartsWithTheTask(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		require.NoError(t, p.Go(t.Context(), slow(time.Minute)))
		f := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return 0, untilEnd(ctx) }, Timeout(time.Second))
		takes(t, time.Minute+time.Second, func() { fails(t, f, context.DeadlineExceeded) })
		f = submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return 1, ctx.Err() }, Timeout(0))
		takes(t, 0, func() { fails(t, f, context.DeadlineExceeded) })
	})
}

// The ring grows without those that left it before their turn, and keeps the order.
func TestRingGrowsInOrder(t *testing.T) {
	inBubble(t, 1, nil, func(t *testing.T, p *Pool) {
		p.Pause()
		var order, want []int
		for i := range 200 {
			ctx, cancel := context.WithCancel(t.Context())
			require.NoError(t, p.Go(ctx, func(context.Context) error { order = append(order, i); return nil }))
			if i%3 == 0 {
				cancel()
				synctest.Wait()
			} else {
				defer cancel()
				want = append(want, i)
			}
		}
		require.LessOrEqual(t, len(p.queue.ring), 256)
		require.NoError(t, p.Shutdown(t.Context()))
		require.Equal(t, want, order)
	})
}

// One that does not run within a task has no worker to lend.
func TestCallerRunsLendsNothing(t *testing.T) {
	inBubble(t, 1, with(Queue(1), WhenFull(CallerRuns)), func(t *testing.T, p *Pool) {
		require.NoError(t, p.Go(t.Context(), slow(time.Second)))
		synctest.Wait()
		queued := submit(t, t.Context(), p, value(2))
		takes(t, time.Second, func() {
			here := submit(t, t.Context(), p, func(ctx context.Context) (int, error) { return queued.Wait(ctx) })
			gives(t, here, 2)
		})
	})
}

// Tasks begin exactly in the order of their submission, and no worker keeps some for itself:
// so those that wait for each other come together if they are as many as the workers.
func TestTasksThatMeet(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		inBubble(t, workers, nil, func(t *testing.T, p *Pool) {
			for range 100 {
				var all sync.WaitGroup
				all.Add(workers)
				for range workers {
					require.NoError(t, p.Go(context.Background(), func(context.Context) error {
						all.Done()
						all.Wait()
						return nil
					}))
				}
			}
			require.NoError(t, p.Shutdown(t.Context()))
			require.Equal(t, 100*workers, p.Stats().Done)
		})
	}
}
