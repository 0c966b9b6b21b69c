package boundedbuf_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/boundedbuf"
)

func drain[T any](b *boundedbuf.Buffer[T]) (items []T) {
	for v, ok := b.TryGet(); ok; v, ok = b.TryGet() {
		items = append(items, v)
	}
	return items
}

func TestOrders(t *testing.T) {
	for order, buf := range buffers(7, func(a, b int) bool { return a/10 < b/10 }) {
		_, err := buf.PutAll(t.Context(), []int{31, 12, 32, 11, 33, 21})
		require.NoError(t, err)
		require.Equal(t, map[string][]int{
			"fifo":     {31, 12, 32, 11, 33, 21},
			"lifo":     {21, 33, 11, 32, 12, 31},
			"priority": {12, 11, 21, 31, 32, 33}, // equal ones as they came
		}[order], drain(buf), order)
	}
}

// payload cannot be compared: items of equal priority are told apart by their
// arrival alone.
type payload struct {
	priority int
	any      map[string]any
}

func TestPayloadsOfEqualPriorityAreNotCompared(t *testing.T) {
	buf := boundedbuf.NewPriority(3, func(a, b payload) bool { return a.priority < b.priority })
	for i := range 3 {
		require.True(t, buf.TryPut(payload{1, map[string]any{"i": i}}))
	}
	for i, p := range drain(buf) {
		require.Equal(t, i, p.any["i"])
	}
}

func TestPolicies(t *testing.T) {
	less := func(a, b int) bool { return a/10 < b/10 }
	put := []int{31, 11, 21, 12, 32}
	for _, test := range []struct {
		policy  boundedbuf.Policy
		order   string
		refused []int
		left    []int
	}{
		{boundedbuf.Reject, "fifo", []int{12, 32}, []int{31, 11, 21}},
		{boundedbuf.Reject, "lifo", []int{12, 32}, []int{21, 11, 31}},
		{boundedbuf.Reject, "priority", []int{12, 32}, []int{11, 21, 31}},
		{boundedbuf.DropOldest, "fifo", nil, []int{21, 12, 32}},
		{boundedbuf.DropOldest, "lifo", nil, []int{32, 12, 21}},
		{boundedbuf.DropOldest, "priority", nil, []int{12, 21, 32}},
		{boundedbuf.EvictLowest, "priority", []int{32}, []int{11, 12, 21}},
	} {
		var buf *boundedbuf.Buffer[int]
		if test.policy == boundedbuf.EvictLowest {
			buf = boundedbuf.NewPriority(3, less, boundedbuf.WhenFull(test.policy))
		} else {
			buf = buffers(3, less, boundedbuf.WhenFull(test.policy))[test.order]
		}
		var refused []int
		for _, v := range put {
			switch err := buf.Put(t.Context(), v); {
			case err != nil:
				require.ErrorIs(t, err, boundedbuf.ErrFull)
				refused = append(refused, v)
			}
		}
		require.Equal(t, test.refused, refused, test)
		st := buf.Stats()
		require.EqualValues(t, len(put)-len(refused)-3, st.Dropped, test)
		require.Equal(t, 3, st.Unfinished, test)
		// TryPut does as Put does; all that is put goes in while there is room.
		require.Equal(t, test.policy == boundedbuf.DropOldest, buf.TryPut(39), test)
		if test.policy == boundedbuf.DropOldest {
			continue
		}
		require.Equal(t, test.left, drain(buf), test)
		n, err := buf.PutAll(t.Context(), []int{1, 2, 3, 4})
		require.ErrorIs(t, err, boundedbuf.ErrFull)
		require.Equal(t, 3, n)
	}
	buf := boundedbuf.New[int](2, boundedbuf.WhenFull(boundedbuf.DropOldest))
	n, err := buf.PutAll(t.Context(), []int{1, 2, 3, 4, 5})
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.Equal(t, []int{4, 5}, drain(buf))
	// A stack whose oldest items were dropped has wrapped around.
	stack := boundedbuf.NewLIFO[int](3, boundedbuf.WhenFull(boundedbuf.DropOldest))
	_, _ = stack.PutAll(t.Context(), []int{1, 2, 3, 4, 5})
	require.Equal(t, []int{5, 4, 3}, drain(stack))
	_, _ = stack.PutAll(t.Context(), []int{6, 7, 8})
	dst := make([]int, 2)
	n, err = stack.GetBatch(t.Context(), dst)
	require.NoError(t, err)
	require.Equal(t, []int{8, 7}, dst[:n])
}

// A heap deep enough that an item can take the place of one in another branch.
func TestManyPriorities(t *testing.T) {
	for _, policy := range []boundedbuf.Policy{boundedbuf.DropOldest, boundedbuf.EvictLowest} {
		for seed := range uint64(200) {
			rng := rand.New(rand.NewPCG(seed, 0))
			const capacity = 50
			buf := boundedbuf.NewPriority(capacity, before, boundedbuf.WhenFull(policy))
			m := &model{order: "priority", capacity: capacity, policy: policy}
			for id := range 3 * capacity {
				v := item{rng.IntN(20), id}
				ok, _ := m.give(v)
				require.Equal(t, ok, buf.TryPut(v))
			}
			want := make([]item, 0, capacity)
			for len(m.items) > 0 {
				want = append(want, m.take())
			}
			if seed%2 == 0 {
				require.Equal(t, want, buf.CloseNow())
			} else {
				require.Equal(t, want, drain(buf))
			}
		}
	}
}

func TestEvictLowestWithoutPrioritiesPanics(t *testing.T) {
	evict := boundedbuf.WhenFull(boundedbuf.EvictLowest)
	require.PanicsWithValue(t, "boundedbuf: EvictLowest without priorities", func() { boundedbuf.New[int](1, evict) })
	require.PanicsWithValue(t, "boundedbuf: unknown policy", func() { boundedbuf.WhenFull(boundedbuf.EvictLowest + 1) })
}

// less panics for one item: whatever call is the one that compares it, the buffer
// stays usable, and no item is lost.
func TestPanicOfLess(t *testing.T) {
	const cursed = 3
	errLess := errors.New("less")
	newBuffer := func(capacity int, armed *bool) *boundedbuf.Buffer[int] {
		return boundedbuf.NewPriority(capacity, func(a, b int) bool {
			if *armed && (a == cursed || b == cursed) {
				panic(errLess)
			}
			return a < b
		})
	}
	t.Run("put", func(t *testing.T) {
		armed := true
		buf := newBuffer(4, &armed)
		require.True(t, buf.TryPut(1))
		require.PanicsWithValue(t, errLess, func() { _ = buf.Put(t.Context(), cursed) })
		require.PanicsWithValue(t, errLess, func() { _, _ = buf.PutAll(t.Context(), []int{0, cursed}) })
		require.Equal(t, []int{0, 1}, drain(buf))
	})
	t.Run("get", func(t *testing.T) {
		armed := false
		buf := newBuffer(4, &armed)
		_, _ = buf.PutAll(t.Context(), []int{1, 2, cursed, 4})
		armed = true
		require.PanicsWithValue(t, errLess, func() { buf.TryGet() })
		require.PanicsWithValue(t, errLess, func() { _, _ = buf.GetBatch(t.Context(), make([]int, 3)) })
		require.PanicsWithValue(t, errLess, func() { buf.CloseNow() })
		armed = false
		require.Equal(t, []int{1, 2, cursed, 4}, buf.CloseNow())
	})
	t.Run("a batch that was begun is delivered", func(t *testing.T) {
		partial := 0
		for most := range 10 { // comparisons until less panics
			left := math.MaxInt
			buf := boundedbuf.NewPriority(4, func(a, b int) bool {
				if left--; left < 0 {
					panic(errLess)
				}
				return a < b
			})
			_, _ = buf.PutAll(t.Context(), []int{1, 5, 2, 3})
			left = most
			dst := make([]int, 4)
			n := 0
			func() {
				defer func() { _ = recover() }()
				n, _ = buf.GetBatch(t.Context(), dst)
			}()
			if 0 < n && n < 4 {
				partial++
			}
			left = math.MaxInt
			require.Equal(t, []int{1, 2, 3, 5}, append(dst[:n], drain(buf)...))
		}
		require.NotZero(t, partial)
	})
	t.Run("waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			armed := true
			buf := newBuffer(2, &armed)
			_, _ = buf.PutAll(t.Context(), []int{1, 2})
			put := make(chan error, 1)
			go func() { put <- buf.Put(t.Context(), cursed) }()
			synctest.Wait()
			time.Sleep(2 * time.Millisecond) // so that the get moves it
			v, ok := buf.TryGet()
			require.True(t, ok)
			require.Equal(t, 1, v)
			var panicked *boundedbuf.PanicError
			require.ErrorAs(t, <-put, &panicked)
			require.Equal(t, errLess, panicked.Value)
			require.Equal(t, []int{2}, drain(buf))
		})
	})
}

func TestDoneAndJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[int](2)
		require.NoError(t, buf.Join(t.Context()), "nothing was put")
		require.PanicsWithValue(t, "boundedbuf: Done called more often than items were got", buf.Done)
		for range 2 { // consumers
			go func() {
				for range buf.All(t.Context()) {
					time.Sleep(time.Second)
					buf.Done()
				}
			}()
		}
		start := time.Now()
		_, err := buf.PutAll(t.Context(), make([]int, 6))
		require.NoError(t, err)
		ended, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, buf.Join(ended), context.DeadlineExceeded)
		require.ErrorIs(t, buf.Join(ended), context.DeadlineExceeded)
		require.NoError(t, buf.Join(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Zero(t, buf.Stats().Unfinished)
		buf.Close()
	})
}

func TestCloseNowReturnsWhatIsLeftAndEndsJoin(t *testing.T) {
	for order, buf := range buffers(3, func(a, b int) bool { return a < b }) {
		synctest.Test(t, func(t *testing.T) {
			_, _ = buf.PutAll(t.Context(), []int{2, 9, 3, 1}[:3])
			v, _ := buf.TryGet()
			require.True(t, buf.TryPut(v))
			put := make(chan error, 1)
			go func() { put <- buf.Put(t.Context(), 7) }()
			joined := make(chan error, 1)
			go func() { joined <- buf.Join(t.Context()) }()
			synctest.Wait()
			require.Equal(t, map[string][]int{"fifo": {9, 3, 2}, "lifo": {3, 9, 2}, "priority": {2, 3, 9}}[order], buf.CloseNow())
			require.ErrorIs(t, <-put, boundedbuf.ErrClosed, "it was not in the buffer")
			require.Equal(t, 1, buf.Stats().Unfinished, "the one that was got")
			synctest.Wait()
			require.Empty(t, joined)
			buf.Done()
			require.NoError(t, <-joined)
			require.Empty(t, buf.CloseNow())
			_, err := buf.Get(t.Context())
			require.ErrorIs(t, err, boundedbuf.ErrClosed)
		})
	}
}

// Producers that refill what a consumer takes do not keep one that waits from
// its turn for longer than a millisecond.
func TestWaitingPutIsServedWithinTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := boundedbuf.New[int](1)
		buf.TryPut(0)
		start := time.Now()
		done := make(chan time.Duration, 1)
		go func() {
			_ = buf.Put(t.Context(), -1)
			done <- time.Since(start)
		}()
		synctest.Wait()
		for len(done) == 0 {
			buf.TryGet()
			buf.TryPut(1) // before the one that waits has run, or after
			time.Sleep(50 * time.Microsecond)
		}
		require.LessOrEqual(t, <-done, time.Millisecond+50*time.Microsecond)
		runtime.KeepAlive(buf)
	})
}
