package retry

import "time"

// Hedging states when [Hedge] starts another attempt. The zero value is usable:
// two attempts, the second one after 100 ms.
type Hedging struct {
	// MaxAttempts bounds the attempts, the first one included. Zero means 2. It
	// must not be negative.
	MaxAttempts int

	// Delay is how long after an attempt the next one starts if none has ended.
	// Zero means 100 ms; negative means at once.
	Delay time.Duration

	// Latencies, unless it is nil, takes the place of Delay once it has twenty of
	// them: the delay is then their Quantile. Hedge records in it how long attempts
	// take. It is for calls of the same kind.
	Latencies *Latencies

	// Quantile is how many of the calls should end without another attempt. Zero
	// means 0.95. It must be in [0, 1].
	Quantile float64

	// Budget is asked before every attempt but the first. Nil means no budget.
	Budget *Budget
}

// enough is the number of latencies from which a quantile can be taken.
const enough = 20

func (h *Hedging) check() {
	if h.MaxAttempts < 0 {
		panic("retry: negative MaxAttempts")
	}
	if !(h.Quantile >= 0 && h.Quantile <= 1) {
		panic("retry: quantile out of range")
	}
}

func (h *Hedging) maxAttempts() int {
	if h.MaxAttempts == 0 {
		return 2
	}
	return h.MaxAttempts
}

func (h *Hedging) delay() time.Duration {
	if h.Latencies != nil {
		quantile := h.Quantile
		if quantile == 0 {
			quantile = 0.95
		}
		if d, calls := h.Latencies.Quantile(quantile); calls >= enough {
			return d
		}
	}
	if h.Delay == 0 {
		return 100 * time.Millisecond
	}
	return h.Delay
}
