package boundedbuf_test

import (
	"context"
	"fmt"
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
		require.Equal(t, boundedbuf.Stats{Len: 1, Cap: 1, Putting: 3}, buf.Stats())
		require.False(t, buf.TryPut(9))
		for want := range 4 {
			v, ok := buf.TryGet()
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
		require.Equal(t, boundedbuf.Stats{Len: 1, Cap: 1}, buf.Stats())
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
		require.Equal(t, []int{1, 2, 3, 4}, dst[:n], "the waiting put fills up while the batch is taken")
		synctest.Wait()
		n, err = buf.GetBatch(t.Context(), dst)
		require.NoError(t, err)
		require.Equal(t, []int{5}, dst[:n])

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

func TestNothingTakenStaysReachable(t *testing.T) {
	buf := boundedbuf.New[*[64]byte](2)
	item := new([64]byte)
	ref := weak.Make(item)
	require.True(t, buf.TryPut(item))
	item = nil
	buf.TryGet()
	runtime.GC()
	require.Nil(t, ref.Value())
	runtime.KeepAlive(buf)
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

// FuzzModel runs a sequence of operations on a buffer and on a plain slice with
// lists of the calls that wait.
func FuzzModel(f *testing.F) {
	f.Add(uint8(1), []byte{0, 0, 1, 2, 0, 1, 1, 4, 0, 3, 5})
	f.Add(uint8(3), []byte{1, 1, 1, 0, 0, 4, 0, 0, 0, 3, 3, 2, 5, 1})
	f.Fuzz(func(t *testing.T, capacity uint8, ops []byte) {
		synctest.Test(t, func(t *testing.T) {
			size := int(capacity%7) + 1
			buf := boundedbuf.New[int](size)
			var items, putting []int // the model
			var gets []*int          // results of gets that wait
			closed := false
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			const waiting, none = -1, -2
			for i, op := range ops {
				switch op % 6 {
				case 0: // Put
					go buf.Put(ctx, i)
					switch {
					case closed:
					case len(gets) > 0:
						synctest.Wait()
						require.Equal(t, i, *gets[0])
						gets = gets[1:]
					case len(items) == size:
						putting = append(putting, i)
					default:
						items = append(items, i)
					}
				case 1: // Get
					got := new(int)
					*got = waiting
					go func() {
						v, err := buf.Get(ctx)
						if err != nil {
							v = none
						}
						*got = v
					}()
					synctest.Wait()
					switch {
					case len(items) > 0:
						require.Equal(t, items[0], *got)
						items = items[1:]
						if len(putting) > 0 {
							items, putting = append(items, putting[0]), putting[1:]
						}
					case closed:
						require.Equal(t, none, *got)
					default:
						require.Equal(t, waiting, *got)
						gets = append(gets, got)
					}
				case 2: // TryGet
					v, ok := buf.TryGet()
					require.Equal(t, len(items) > 0, ok)
					if ok {
						require.Equal(t, items[0], v)
						items = items[1:]
						if len(putting) > 0 {
							items, putting = append(items, putting[0]), putting[1:]
						}
					}
				case 3: // all that wait are cancelled
					cancel()
					synctest.Wait()
					putting, gets = nil, nil
					ctx, cancel = context.WithCancel(t.Context())
				case 4: // GetBatch that need not wait
					if len(items) == 0 {
						continue
					}
					all := slices.Concat(items, putting)
					dst := make([]int, 2)
					n, err := buf.GetBatch(ctx, dst)
					require.NoError(t, err)
					require.Equal(t, all[:min(2, len(all))], dst[:n])
					all = all[n:]
					items = slices.Clone(all[:min(size, len(all))])
					putting = slices.Clone(all[len(items):])
				case 5:
					buf.Close()
					closed, putting, gets = true, nil, nil
				}
				synctest.Wait()
				require.Equal(t, boundedbuf.Stats{
					Len: len(items), Cap: size,
					Putting: len(putting), Getting: len(gets), Closed: closed,
				}, buf.Stats())
			}
			cancel()
			synctest.Wait()
		})
	})
}

func TestStatsString(t *testing.T) {
	require.Equal(t, "len=0 cap=2 putting=0 getting=0 closed=false", boundedbuf.New[int](2).Stats().String())
}

func ExampleBuffer() {
	ctx := context.Background()
	buf := boundedbuf.New[int](2) // the producer is at most two items ahead
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
