package boundedbuf_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/boundedbuf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestProducersAndConsumersDrainWhatWasPut(t *testing.T) {
	for _, capacity := range []int{1, 3, 7} {
		const producers, consumers, each = 4, 3, 2000
		buf := boundedbuf.New[int](capacity)
		var producing, consuming sync.WaitGroup
		for p := range producers {
			producing.Go(func() {
				for i := range each {
					if buf.Put(context.Background(), p*each+i) != nil {
						return
					}
				}
			})
		}
		got := make([][]int, consumers)
		for c := range consumers {
			consuming.Go(func() {
				for v := range buf.All(context.Background()) {
					got[c] = append(got[c], v)
				}
			})
		}
		producing.Wait()
		buf.Close()
		consuming.Wait()
		for _, items := range got { // of each producer, a consumer sees a growing sequence
			last := [producers]int{-1, -1, -1, -1}
			for _, v := range items {
				require.Greater(t, v, last[v/each])
				last[v/each] = v
			}
		}
		all := slices.Sorted(slices.Values(slices.Concat(got...)))
		require.Len(t, all, producers*each)
		require.Equal(t, producers*each, len(slices.Compact(all)))
	}
}

func TestPutWaitsForRoomInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[int](1)
		for i := range 4 {
			go buf.Put(t.Context(), i)
			synctest.Wait()
		}
		require.Equal(t, boundedbuf.Stats{Len: 1, Cap: 1, High: 1, Putting: 3, Unfinished: 1}, buf.Stats())
		require.False(t, buf.TryPut(9))
		for want := range 4 {
			v, ok := buf.TryGet()
			synctest.Wait()
			require.True(t, ok)
			require.Equal(t, want, v)
		}
		_, ok := buf.TryGet()
		require.False(t, ok)
	})
}

func TestGetWaitsForItemsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[int](2)
		got := make([]int, 3)
		for i := range got {
			go func() { got[i], _ = buf.Get(t.Context()) }()
			synctest.Wait()
		}
		n, err := buf.PutAll(t.Context(), []int{1, 2, 3, 4})
		require.NoError(t, err)
		require.Equal(t, 4, n)
		synctest.Wait()
		require.Equal(t, []int{1, 2, 3}, got)
		require.Equal(t, 1, buf.Len())
	})
}

func TestCancelledCallsLeaveNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[int](1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := buf.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))

		// A context that has ended fails, although each call could succeed.
		require.ErrorIs(t, buf.Put(ctx, 1), context.DeadlineExceeded)
		require.Zero(t, buf.Len())
		require.True(t, buf.TryPut(1))
		_, err = buf.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = buf.PutAll(ctx, []int{2})
		require.ErrorIs(t, err, context.DeadlineExceeded)

		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, buf.Put(ctx, 2), context.DeadlineExceeded)
		require.Equal(t, boundedbuf.Stats{Len: 1, Cap: 1, High: 1, Unfinished: 1}, buf.Stats())
		v, err := buf.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, v)
		require.Zero(t, buf.Len(), "the cancelled put has left nothing")
	})
}

// A get that is cancelled at the instant of a put: the item is delivered to it
// or still there.
func TestPutAndCancelTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 200 {
			buf := boundedbuf.New[int](1)
			ctx, cancel := context.WithCancel(t.Context())
			got := -1
			go func() {
				if v, err := buf.Get(ctx); err == nil {
					got = v
				}
			}()
			synctest.Wait()
			go cancel()
			go buf.Put(t.Context(), 7)
			synctest.Wait()
			if v, ok := buf.TryGet(); ok {
				require.Equal(t, -1, got, "delivered twice")
				got = v
			}
			require.Equal(t, 7, got)
		}
	})
}

func TestCloseDrainsThenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[string](2)
		require.True(t, buf.TryPut("a"))
		require.True(t, buf.TryPut("b"))
		refused := make(chan error, 1)
		go func() { refused <- buf.Put(t.Context(), "c") }()
		synctest.Wait()
		buf.Close()
		buf.Close()
		require.ErrorIs(t, <-refused, boundedbuf.ErrClosed)
		require.ErrorIs(t, buf.Put(t.Context(), "d"), boundedbuf.ErrClosed)
		require.False(t, buf.TryPut("e"))
		require.Equal(t, []string{"a", "b"}, slices.Collect(buf.All(t.Context())))
		_, err := buf.Get(t.Context())
		require.ErrorIs(t, err, boundedbuf.ErrClosed)
	})
}

func TestCloseWakesWaitingGets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[string](2)
		failed := make(chan error, 1)
		go func() {
			_, err := buf.Get(t.Context())
			failed <- err
		}()
		synctest.Wait()
		buf.Close()
		require.ErrorIs(t, <-failed, boundedbuf.ErrClosed)
	})
}

// Each item of puts that race a Close is either refused or delivered.
func TestCloseRacesPut(t *testing.T) {
	for range 300 {
		buf := boundedbuf.New[int](2)
		var wg sync.WaitGroup
		var accepted, delivered [4]bool
		for i := range accepted {
			wg.Go(func() { accepted[i] = buf.Put(context.Background(), i) == nil })
		}
		wg.Go(buf.Close)
		for v := range buf.All(context.Background()) {
			delivered[v] = true
		}
		wg.Wait()
		require.Equal(t, accepted, delivered)
	}
}

func TestGetBatchTakesWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[int](3)
		go buf.PutAll(t.Context(), []int{1, 2, 3, 4, 5})
		synctest.Wait()
		dst := make([]int, 4)
		n, err := buf.GetBatch(t.Context(), dst)
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 3}, dst[:n])
		synctest.Wait()
		n, err = buf.GetBatch(t.Context(), dst)
		require.NoError(t, err)
		require.Equal(t, []int{4, 5}, dst[:n])

		n, err = buf.GetBatch(t.Context(), nil)
		require.NoError(t, err)
		require.Zero(t, n)

		go buf.Put(t.Context(), 6) // for a GetBatch that is parked
		n, err = buf.GetBatch(t.Context(), dst)
		require.NoError(t, err)
		require.Equal(t, []int{6}, dst[:n])
	})
}

func TestPutAllSaysHowManyWerePut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[int](2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n, err := buf.PutAll(ctx, []int{1, 2, 3, 4})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 2, n)
		buf.Close()
		n, err = buf.PutAll(t.Context(), []int{5})
		require.ErrorIs(t, err, boundedbuf.ErrClosed)
		require.Zero(t, n)
		require.Equal(t, []int{1, 2}, slices.Collect(buf.All(t.Context())))
	})
}

func TestBrokenLoopLeavesTheRest(t *testing.T) {
	buf := boundedbuf.New[int](3)
	buf.PutAll(t.Context(), []int{1, 2, 3})
	for range buf.All(t.Context()) {
		break
	}
	require.Equal(t, 2, buf.Len())
}

// buffers are one of each order.
func buffers[T any](capacity int, less func(a, b T) bool, opts ...boundedbuf.Option) map[string]*boundedbuf.Buffer[T] {
	return map[string]*boundedbuf.Buffer[T]{
		"fifo":     boundedbuf.New[T](capacity, opts...),
		"lifo":     boundedbuf.NewLIFO[T](capacity, opts...),
		"priority": boundedbuf.NewPriority(capacity, less, opts...),
	}
}

func TestNothingThatLeftStaysReachable(t *testing.T) {
	never := func(a, b *[64]byte) bool { return false }
	for leave, does := range map[string]func(*testing.T, *boundedbuf.Buffer[*[64]byte]){
		"TryGet":   func(t *testing.T, b *boundedbuf.Buffer[*[64]byte]) { b.TryGet(); b.TryGet() },
		"GetBatch": func(t *testing.T, b *boundedbuf.Buffer[*[64]byte]) { b.GetBatch(t.Context(), make([]*[64]byte, 2)) },
		"CloseNow": func(t *testing.T, b *boundedbuf.Buffer[*[64]byte]) { b.CloseNow() },
		"dropped":  func(t *testing.T, b *boundedbuf.Buffer[*[64]byte]) { b.TryPut(nil); b.TryPut(nil); b.TryPut(nil) },
	} {
		for order, buf := range buffers(3, never, boundedbuf.WhenFull(boundedbuf.DropOldest)) {
			t.Run(leave+" "+order, func(t *testing.T) {
				var refs []weak.Pointer[[64]byte]
				for range 2 {
					item := new([64]byte)
					refs = append(refs, weak.Make(item))
					require.True(t, buf.TryPut(item))
				}
				does(t, buf)
				runtime.GC()
				for _, ref := range refs {
					require.Nil(t, ref.Value())
				}
				runtime.KeepAlive(buf)
			})
		}
	}
}

// A consumer that polls with a short time limit for a day.
func TestTimedOutPollsLeaveNoMemory(t *testing.T) {
	const polls = 20_000 / slowdown
	synctest.Test(t, func(t *testing.T) {
		empty, full := boundedbuf.New[int](1), boundedbuf.New[int](1)
		full.TryPut(1)
		poll := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if _, err := empty.Get(ctx); err == nil {
				t.Error("got something")
			}
			if full.Put(ctx, 1) == nil {
				t.Error("put something")
			}
		}
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		poll()
		before := heap()
		for range polls {
			poll()
		}
		require.Less(t, int64(heap())-int64(before), int64(polls)*8, "less than a word for each")
		require.Equal(t, boundedbuf.Stats{Cap: 1}, empty.Stats())
	})
}

func TestOneBufferInTwoBubbles(t *testing.T) {
	buf := boundedbuf.New[int](1)
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			go buf.Put(t.Context(), 1)
			v, err := buf.Get(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, v)
		})
	}
}

func TestCapacityBelowOnePanics(t *testing.T) {
	require.PanicsWithValue(t, "boundedbuf: capacity below 1", func() { boundedbuf.New[int](0) })
	require.Equal(t, 3, boundedbuf.New[int](3).Cap())
}

func TestStats(t *testing.T) {
	buf := boundedbuf.New[int](2, boundedbuf.WhenFull(boundedbuf.DropOldest))
	for i := range 3 {
		require.NoError(t, buf.Put(t.Context(), i))
	}
	buf.Close()
	st := buf.Stats()
	require.Equal(t, "len=2 cap=2 high=2 putting=0 getting=0 unfinished=2 dropped=1 closed", st.String())
	require.Equal(t, "[len=2 cap=2 high=2 putting=0 getting=0 unfinished=2 dropped=1 closed=true]", st.LogValue().String())
}
