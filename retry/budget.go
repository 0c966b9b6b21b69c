package retry

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// Budget bounds how much the retries of all who share it add to the load: when a
// server is down, each client would otherwise send three times as much. Put it
// into the policies of all that talk to one server. The idea is that of Finagle's
// RetryBudget. It is safe for concurrent use, and never blocks. Create one with
// [NewBudget].
//
// Over any span of time there are no more retries than the fraction of the
// requests in it, perSecond for each second of it and one second more, and what the
// requests of before have left, which is the share of a thousand at most.
//
// Invariants, whenever mu is free:
//   - 0 <= saved <= most; saved is in millionths of a retry.
//   - 0 <= idle <= longest.
type Budget struct {
	share    int64         // millionths of a retry that a request allows
	most     int64         // so much can be saved
	interval time.Duration // between the retries that are allowed in any case; 0 if none are
	longest  time.Duration // so much of idle can be saved

	mu    waitq.Mutex // guards the fields below
	saved int64
	idle  time.Duration // time that has not been used for retries
	now   time.Duration // when idle was looked at last, after epoch
	stats BudgetStats
}

// millionths of a retry: a tenth of a retry is exact, and so is the sum of ten.
const oneRetry = 1_000_000

// epoch is what time is measured from. In a testing/synctest bubble the time since
// then is negative.
var epoch = time.Now()

// NewBudget returns a budget that allows a retry for a fraction of the requests,
// such as 0.1, and besides so many per second, so that a client with few requests
// can retry too. Either can be zero. A request is a call of [Do] or the like that has
// made an attempt. It panics if either is negative or not a number.
func NewBudget(fraction, perSecond float64) *Budget {
	if !(fraction >= 0 && fraction <= math.MaxInt32) {
		panic("retry: invalid fraction of a budget")
	}
	if !(perSecond >= 0) {
		panic("retry: invalid rate of a budget")
	}
	b := &Budget{share: int64(math.Round(fraction * oneRetry)), now: time.Since(epoch)}
	if b.share > 0 {
		b.most = max(1000*b.share, oneRetry)
	}
	if perSecond > 0 {
		// Rounded up, so that there are never more; a rate too low to count is one
		// retry, once.
		b.interval = time.Duration(max(1, math.Ceil(min(float64(time.Second)/perSecond, 1<<62))))
		b.longest = max(time.Second, b.interval)
		b.idle = b.longest
	}
	return b
}

// request counts a call.
func (b *Budget) request() {
	explore.Point("budget: a request")
	b.mu.Lock()
	b.stats.Requests++
	b.addLocked(b.share)
	b.mu.Unlock()
}

// charge is what a retry was paid by.
type charge uint8

const (
	nothing    charge = iota // it was not allowed
	byTime                   // that had passed
	byRequests               // that had been made
)

// retry charges for a retry, if one is allowed.
func (b *Budget) retry() charge {
	explore.Point("budget: a retry")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waitedLocked()
	switch {
	case b.interval > 0 && b.idle >= b.interval:
		b.idle -= b.interval
		b.stats.Retries++
		return byTime
	case b.saved >= oneRetry:
		b.saved -= oneRetry
		b.stats.Retries++
		return byRequests
	default:
		b.stats.Refused++
		return nothing
	}
}

// refund gives back what was charged for a retry that is not made, to where it came
// from: if time became requests, more of it could be saved than a second.
func (b *Budget) refund(c charge) {
	explore.Point("budget: a refund")
	b.mu.Lock()
	b.stats.Retries--
	if c == byTime {
		b.idle = min(b.idle+b.interval, b.longest)
	} else {
		b.addLocked(oneRetry)
	}
	b.mu.Unlock()
}

func (b *Budget) addLocked(millionths int64) {
	b.saved = min(b.saved+millionths, b.most)
}

// waitedLocked adds the time that has passed. If the clock has gone back, as it
// does for a budget that enters a bubble, none has.
func (b *Budget) waitedLocked() {
	now := time.Since(epoch)
	if now > b.now {
		b.idle += min(now-b.now, b.longest-b.idle)
	}
	b.now = now
}

// BudgetStats is the state of a [Budget] at one instant.
type BudgetStats struct {
	Requests int64 // calls
	Retries  int64 // that were allowed, without those not made because a context ended
	Refused  int64
	Allowed  int64 // retries that would be allowed now
}

// String returns the statistics on one line.
func (st BudgetStats) String() string {
	return fmt.Sprintf("requests=%d retries=%d refused=%d allowed=%d", st.Requests, st.Retries, st.Refused, st.Allowed)
}

// LogValue returns the statistics as a group.
func (st BudgetStats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("requests", st.Requests), slog.Int64("retries", st.Retries),
		slog.Int64("refused", st.Refused), slog.Int64("allowed", st.Allowed))
}

// Stats returns the current state, taken in one go.
func (b *Budget) Stats() BudgetStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waitedLocked()
	st := b.stats
	st.Allowed = b.saved / oneRetry
	if b.interval > 0 {
		st.Allowed += int64(b.idle / b.interval)
	}
	return st
}
