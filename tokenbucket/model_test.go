package tokenbucket_test

import (
	"slices"
	"time"
)

// model is a bucket without concurrency. It keeps all that happened, and goes
// through it again to see what is missing: to cancel is to leave something out.
// What is missing is in billionths of a token, so that a nanosecond makes up for
// as many of them as the rate is.
type model struct {
	now   int64 // nanoseconds
	rate  int64 // infinite: no limit
	burst int64
	log   []*happened
	calls []*modelCall

	reservations []*modelReservation
}

const (
	token    = int64(time.Second)
	infinite = int64(1) << 40
)

// happened is one of: n taken, n given back, the rate or burst changed.
type happened struct {
	at      int64
	taken   bool
	take    int64
	back    int64
	pending []*happened // whose turn had not come when something was given back
	rate    int64       // after it
	burst   int64       // after it
	ahead   int64       // of take: what is to be made up for until the bucket is full
}

// missing goes through the log and returns what is missing now.
func (m *model) missing() int64 {
	var missing, at int64
	rate, burst := m.log[0].rate, m.log[0].burst
	var taken []*happened
	grow := func(to int64) {
		if rate == infinite {
			missing = 0
		} else {
			missing = max(0, missing-(to-at)*rate)
			for _, h := range taken {
				h.ahead -= (to - at) * rate
			}
		}
		at = to
	}
	for _, h := range m.log {
		grow(h.at)
		switch {
		case h.taken:
			missing += h.take
			h.ahead = missing
			taken = append(taken, h)
		case h.back > 0:
			var pending int64
			for _, p := range h.pending {
				if slices.Contains(m.log, p) {
					pending += p.take
				}
			}
			back := min(h.back, missing-pending)
			missing -= back
			for _, t := range taken {
				if slices.Contains(h.pending, t) {
					t.ahead -= back
				} else {
					t.ahead = min(t.ahead-(burst-h.burst)*token, missing-pending)
				}
			}
		case h.rate == infinite:
			missing = 0
			for _, t := range taken {
				t.ahead = 0
			}
		default:
			missing = max(0, missing+(h.burst-burst)*token)
			for _, t := range taken {
				t.ahead += (h.burst - burst) * token
			}
		}
		rate, burst = h.rate, h.burst
	}
	grow(m.now)
	return missing
}

func (m *model) add(h happened) *happened {
	h.at, h.rate, h.burst = m.now, m.rate, m.burst
	m.log = append(m.log, &h)
	return &h
}

func (m *model) forget(h *happened) {
	m.log = slices.DeleteFunc(m.log, func(other *happened) bool { return other == h })
}

// wait returns how long n tokens take, -1 if for ever.
func (m *model) wait(n int64) time.Duration {
	missing := m.missing()
	over := missing + n*token - m.burst*token
	switch {
	case m.rate == infinite || missing == 0 || over <= 0:
		return 0
	case m.rate == 0:
		return -1
	}
	return time.Duration((over + m.rate - 1) / m.rate)
}

func (m *model) due(h *happened) bool { return m.rate == infinite || h.ahead <= m.burst*token }

// pending returns what was taken whose turn is yet to come.
func (m *model) pending() (pending []*happened) {
	m.missing()
	for _, c := range m.calls {
		if !c.over {
			pending = append(pending, c.took)
		}
	}
	for _, r := range m.reservations {
		if !r.over && !m.due(r.took) {
			pending = append(pending, r.took)
		}
	}
	return pending
}

// unclear reports whether a reservation that can be cancelled is ahead of some that
// wait: without it some might not have waited, and what is given back while they
// do would be worth more. The bucket then makes good less, the model is wrong.
func (m *model) unclear() bool {
	return len(m.pending()) > 0 && slices.ContainsFunc(m.reservations, func(r *modelReservation) bool {
		return !r.over && m.due(r.took)
	})
}
