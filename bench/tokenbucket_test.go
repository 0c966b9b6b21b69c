package bench

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	xtime "golang.org/x/time/rate"

	"github.com/interleave-go/interleave/tokenbucket"
)

// Enough that nothing is ever refused, and little enough that a refusal lasts.
const (
	plenty = 1e9
	scarce = 1e-3
)

func oursBucket(rate float64, burst int) impl {
	return impl{"ours", func(*testing.B) func() {
		b := tokenbucket.New(rate, burst)
		return func() { b.TryTake(1) }
	}}
}

func xtimeBucket(rate float64, burst int) impl {
	return impl{"xtime", func(*testing.B) func() {
		l := xtime.NewLimiter(xtime.Limit(rate), burst)
		return func() { l.Allow() }
	}}
}

// BenchmarkBucketTake: TryTake(1) of a bucket that has it.
func BenchmarkBucketTake(b *testing.B) {
	alone(b, oursBucket(plenty, 1e9), xtimeBucket(plenty, 1e9), impl{"limit-clock", func(*testing.B) func() {
		var word atomic.Int64
		start := time.Now()
		return func() {
			now := int64(time.Since(start))
			for {
				full := word.Load()
				if word.CompareAndSwap(full, max(full, now)+1) {
					return
				}
			}
		}
	}})
}

// BenchmarkBucketDenied: TryTake(1) of a bucket that is empty.
func BenchmarkBucketDenied(b *testing.B) {
	empty := func(im impl) impl {
		return impl{im.name, func(b *testing.B) func() {
			op := im.setup(b)
			op()
			return op
		}}
	}
	alone(b, empty(oursBucket(scarce, 1)), empty(xtimeBucket(scarce, 1)))
}

// BenchmarkBucketParallel: TryTake(1) of one bucket on all cores.
func BenchmarkBucketParallel(b *testing.B) {
	parallel(b, oursBucket(plenty, 1e9), xtimeBucket(plenty, 1e9))
}

// BenchmarkBucketKeyed: TryTake(1) of one of a million keys, all of which are
// there. The other one is what programs do that have x/time: a limiter for each
// key in a map behind a mutex.
func BenchmarkBucketKeyed(b *testing.B) {
	const keys, rate, burst = 1_000_000, 1, 1_000_000
	order := rand.New(rand.NewPCG(1, 2)).Perm(keys)
	each := func(take func(int)) func() {
		for key := range keys {
			take(key)
		}
		i := 0
		return func() {
			take(order[i])
			if i++; i == keys {
				i = 0
			}
		}
	}
	alone(b, impl{"ours", func(*testing.B) func() {
		k := tokenbucket.NewKeyed[int](rate, burst)
		return each(func(key int) { k.TryTake(key, 1) })
	}}, impl{"map", func(*testing.B) func() {
		var mu sync.Mutex
		limiters := make(map[int]*xtime.Limiter)
		return each(func(key int) {
			mu.Lock()
			l := limiters[key]
			if l == nil {
				l = xtime.NewLimiter(rate, burst)
				limiters[key] = l
			}
			mu.Unlock()
			l.Allow()
		})
	}})
}
