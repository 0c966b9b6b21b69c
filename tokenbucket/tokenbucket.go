package tokenbucket

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// Inf is the rate of a bucket without a limit: whatever is asked for is there.
// So is [math.Inf](1).
const Inf = math.MaxFloat64

// Bucket is a token bucket. Create one with [New].
//
// It is kept as the generic cell rate algorithm (ITU-T I.371) has it: not as a
// number of tokens, but as the time at which the bucket will be full, which each
// token taken moves on by one interval. All arithmetic is on whole numbers, so
// nothing is lost to rounding however many tokens are taken.
//
// Invariants, whenever mu is free:
//   - The word of the era is negative if there are claims, or full does not fit.
//     Otherwise it is what full would be.
//   - The claims are in the order of their arrival, and so are their ends. Those
//     of the calls that wait are the last ones but for reservations.
//   - timer is armed if and only if a call waits that time alone will serve.
type Bucket struct {
	era atomic.Pointer[era] // changed under mu
	id  uint64              // the order in which TakeAll takes mutexes

	mu     waitq.Mutex // guards the fields below
	full   wide        // the unit at which the bucket will be full, if barred
	rate   float64
	burst  int
	claims claims
	held   uint64 // tokens set aside for calls of TakeAll that wait for others
	timer  *time.Timer
	due    int64  // when timer is armed for
	free   *claim // to use again; linked by next
	spare  int    // how many are free

	// As of the last time that mu was taken.
	seen  int64  // nanoseconds since the base of the era
	now   uint64 // units
	begun uint64 // 1 if another unit has begun

	// Part of every bucket, so that a call that parks allocates no more than a
	// channel and a timer.
	own   claim  // the first that is free
	fired func() // fire, as the function of timers
}

var buckets atomic.Uint64 // made so far

// New returns a bucket that holds burst tokens and gains rate tokens a second. It
// starts full, unless [Initial] says otherwise. A rate of zero never gains any;
// [Inf] is no limit.
//
// A rate is taken as the simplest fraction that has the same float64, so that for
// 3 a second the third token is there after a second exactly. If that is not
// simple enough, it is rounded down by less than one part in 2^51. Between 1e-9
// and 1e12 a second, the sum of all tokens taken is never off by more than that,
// and never more than burst + rate*span. Rates above 4e15 count as that.
//
// It panics if rate is negative or not a number, or if burst is below 1.
func New(rate float64, burst int, opts ...Option) *Bucket {
	checkRate(rate)
	checkBurst(burst)
	o := options{initial: burst}
	for _, opt := range opts {
		opt(&o)
	}
	b := newBucket(rate, burst, scaleOf(rate, room))
	b.mu.Lock()
	b.enterLocked()
	b.full = product(uint64(burst-min(burst, o.initial)), b.era.Load().token)
	b.leave()
	return b
}

func newBucket(rate float64, burst int, s scale) *Bucket {
	b := &Bucket{id: buckets.Add(1), rate: min(rate, Inf), burst: burst, spare: 1}
	b.free, b.fired = &b.own, b.fire
	b.era.Store(newEra(s, burst, clock()))
	return b
}

// TryTake takes n tokens and reports whether it did. It never blocks. It returns
// false if there are fewer, or if others wait for their turn. It panics if n is
// negative.
func (b *Bucket) TryTake(n int) bool {
	checkTokens(n)
	e := b.era.Load()
	for n <= e.most {
		// What is refused below was impossible when first was loaded, since the
		// clock is read after that. What is taken is taken as of the reading of
		// the clock, which comes before full is loaded: the less there is between
		// that and the CompareAndSwap, the less often another core comes between.
		first := e.word.Load()
		if first < 0 {
			break
		}
		explore.Point("tokenbucket: about to read the clock")
		ns := uint64(clock() - e.base)
		if ns > e.last { // the clock went back, or far ahead
			break
		}
		now, begun := e.units(ns)
		cost, limit := uint64(n)*e.token, now+e.depth
		if uint64(first)+cost > limit {
			if uint64(first) > limit {
				break // the clock went back
			}
			return false
		}
		full := e.word.Load()
		explore.Point("tokenbucket: about to take")
		start := uint64(full)
		if full <= int64(now) {
			start = now + begun
		} else if start+cost > limit {
			continue
		}
		if full >= 0 && e.word.CompareAndSwap(full, int64(start+cost)) {
			return true
		}
		waitq.Pause()
	}
	if e.refuses(n) {
		return false
	}
	explore.Point("tokenbucket: about to try with the mutex")
	return b.tryWithMutex(n)
}

func (b *Bucket) tryWithMutex(n int) bool {
	b.mu.Lock()
	defer b.leave()
	b.enterLocked()
	return b.takeLocked(n)
}

// Take takes n tokens. While there are fewer, or others wait, it blocks until
// it is its turn or ctx ends.
//
// With an error it has taken nothing: ctx.Err() if ctx ended before, a ctx that
// had ended before the call included; a [DeadlineError] at once if it would not
// be its turn before the deadline of ctx, even if nobody came in between;
// [ErrTooLarge] if n exceeds the burst, also if SetBurst makes it smaller in the
// meantime. With a rate of zero it waits for a SetRate. It panics if n is negative.
func (b *Bucket) Take(ctx context.Context, n int) error {
	checkTokens(n)
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.TryTake(n) {
		return nil
	}
	deadline, bounded := ctx.Deadline()
	done := ctx.Done()
	explore.Point("tokenbucket: about to wait")
	b.mu.Lock()
	b.enterLocked()
	if err := b.checkLocked(n, deadline, bounded); err != nil || b.takeLocked(n) {
		b.leave()
		return err
	}
	c := b.newClaimLocked(n)
	c.waits, c.done = true, done
	b.claimLocked(c)
	b.leave()
	return b.await(ctx, c)
}

func checkTokens(n int) {
	if n < 0 {
		panic("tokenbucket: negative number of tokens")
	}
}

func checkRate(rate float64) {
	if !(rate >= 0) { // NaN too
		panic("tokenbucket: rate negative or not a number")
	}
}

func checkBurst(burst int) {
	if burst < 1 {
		panic("tokenbucket: burst below 1")
	}
}
