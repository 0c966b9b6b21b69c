package tokenbucket

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// ErrTooLarge is returned by Take for more tokens than the bucket can ever hold.
var ErrTooLarge = errors.New("tokenbucket: more tokens than the burst")

// Bucket is a token bucket. Create one with [New]; it starts full.
//
// It is kept as the generic cell rate algorithm (ITU-T I.371) has it: not as a
// number of tokens, but as the time at which the bucket will be full, which
// each token taken moves on by one interval. All arithmetic is on whole
// nanoseconds, so nothing is lost to rounding however many tokens are taken.
//
// Invariants:
//   - full - now <= burst*interval whenever tokens have been taken at now: at
//     least zero tokens are left.
//   - timer is armed if and only if a waiter whose context is live is queued.
type Bucket struct {
	interval time.Duration // between two tokens; 0: no limit
	burst    int
	base     time.Time // times below are durations since base

	mu      sync.Mutex // guards the fields below
	now     time.Duration
	full    time.Duration
	waiters waitq.Queue[int] // Value: the tokens asked for
	timer   *time.Timer
}

// New returns a full bucket that holds burst tokens and gains rate tokens a
// second. rate can be [math.Inf](1), for no limit.
//
// A token takes a whole number of nanoseconds to grow, so the rate is rounded
// down to the next 1e9/k for a whole k: by less than one in a thousand up to a
// million tokens a second.
//
// It panics if rate is not positive, if burst is below 1, or if filling the
// bucket takes more than a century.
func New(rate float64, burst int) *Bucket {
	if !(rate > 0) { // NaN too
		panic("tokenbucket: rate not positive")
	}
	if burst < 1 {
		panic("tokenbucket: burst below 1")
	}
	var interval time.Duration
	if !math.IsInf(rate, 1) {
		const century = 100 * 365 * 24 * float64(time.Hour)
		ns := math.Ceil(float64(time.Second) / rate)
		if ns*float64(burst) > century {
			panic("tokenbucket: filling the bucket takes more than a century")
		}
		interval = time.Duration(ns)
	}
	return &Bucket{interval: interval, burst: burst, base: time.Now()}
}

// TryTake takes n tokens and reports whether it did. It never blocks. It
// returns false if there are fewer, or if others wait for their turn. It panics
// if n is negative.
func (b *Bucket) TryTake(n int) bool {
	checkTokens(n)
	b.mu.Lock()
	ok := b.tryTakeLocked(n)
	b.mu.Unlock()
	return ok
}

// Take takes n tokens. While there are fewer, or others wait, it blocks until
// it is its turn or ctx ends.
//
// It returns ctx.Err() if ctx ended before, a ctx that had ended before the
// call included, and [ErrTooLarge] at once if n exceeds the burst. With any
// error it has taken nothing. It panics if n is negative.
func (b *Bucket) Take(ctx context.Context, n int) error {
	checkTokens(n)
	if err := ctx.Err(); err != nil {
		return err
	}
	if n > b.burst {
		return ErrTooLarge
	}
	if b.TryTake(n) {
		return nil
	}
	w := waitq.NewWaiter(ctx, n)
	explore.Point("tokenbucket: about to wait")
	b.mu.Lock()
	b.waiters.PushLocked(w)
	b.grantLocked() // it may be this waiter's turn already; if not, arms the timer
	b.mu.Unlock()
	return b.waiters.Wait(&b.mu, w, b.grantLocked)
}

// Tokens returns how many whole tokens the bucket holds. Waiting calls of Take
// may be about to take them.
func (b *Bucket) Tokens() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.interval == 0 {
		return b.burst
	}
	b.readClockLocked()
	missing := max(0, b.full-b.now)
	return b.burst - int((missing+b.interval-1)/b.interval)
}

// String returns the rate, the burst and the tokens on one line.
func (b *Bucket) String() string {
	rate := math.Inf(1)
	if b.interval > 0 {
		rate = float64(time.Second) / float64(b.interval)
	}
	return fmt.Sprintf("rate=%.6g/s burst=%d tokens=%d", rate, b.burst, b.Tokens())
}

func (b *Bucket) tryTakeLocked(n int) bool {
	if n > b.burst || b.waiters.FrontLocked() != nil {
		return false
	}
	b.readClockLocked()
	return b.takeLocked(n) == 0
}

// takeLocked takes n tokens, or returns how long it takes until they are there.
func (b *Bucket) takeLocked(n int) (wait time.Duration) {
	full := max(b.full, b.now) + time.Duration(n)*b.interval
	if wait = full - b.now - time.Duration(b.burst)*b.interval; wait > 0 {
		return wait
	}
	b.full = full
	return 0
}

// grantLocked serves waiters from the front while there are tokens, and sees to
// it that the timer is armed for the first that has to wait, if there is one.
func (b *Bucket) grantLocked() {
	b.readClockLocked()
	for w := b.waiters.FrontLocked(); w != nil; w = b.waiters.FrontLocked() {
		if wait := b.takeLocked(w.Value); wait > 0 {
			b.armLocked(wait)
			return
		}
		b.waiters.GrantLocked(w)
	}
	if b.timer != nil {
		// Not kept for later: a timer belongs to the synctest bubble it was
		// made in, and the next waiter may be in another one.
		b.timer.Stop()
		b.timer = nil
	}
}

func (b *Bucket) armLocked(wait time.Duration) {
	if b.timer != nil {
		b.timer.Reset(wait)
		return
	}
	// A function that runs late, after the timer was stopped or set anew, does
	// no harm: grantLocked looks at the clock and the queue as they are then.
	b.timer = time.AfterFunc(wait, func() {
		explore.Point("tokenbucket: timer fired")
		b.mu.Lock()
		b.grantLocked()
		b.mu.Unlock()
	})
}

// readClockLocked brings now up to date. A clock that went back, as it does for
// a bucket that enters a synctest bubble, starts a new count from there: the
// tokens that were missing are still missing, and none is gained.
func (b *Bucket) readClockLocked() {
	now := time.Since(b.base)
	if now < b.now {
		b.full += now - b.now
	}
	b.now = now
}

func checkTokens(n int) {
	if n < 0 {
		panic("tokenbucket: negative number of tokens")
	}
}
