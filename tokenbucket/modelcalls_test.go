package tokenbucket_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

type modelCall struct {
	took     *happened
	cancel   context.CancelFunc
	deadline int64 // 0: none
	done     chan error
	want     error
	over     bool
}

type modelReservation struct {
	tokenbucket.Reservation
	took *happened
	over bool
}

func (m *model) finish(c *modelCall, err error) {
	if c.want, c.over = err, true; err != nil {
		m.forget(c.took)
	}
}

// serve ends the calls whose turn it is.
func (m *model) serve() {
	m.missing()
	for _, c := range m.calls {
		if !c.over && m.due(c.took) {
			m.finish(c, nil)
		}
	}
}

// pass lets time pass: deadlines are never at the same time as anything else.
func (m *model) pass(d time.Duration) {
	time.Sleep(d)
	m.now += int64(d)
	m.serve()
	for _, c := range m.calls {
		if !c.over && c.deadline != 0 && c.deadline <= m.now {
			m.finish(c, context.DeadlineExceeded)
		}
	}
	m.serve()
	synctest.Wait()
}

func (m *model) take(t *testing.T, b *tokenbucket.Bucket, n int64, timeout time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &modelCall{cancel: cancel, done: make(chan error, 1)}
	if timeout > 0 {
		ctx, c.cancel = context.WithTimeout(t.Context(), timeout)
		c.deadline = m.now + int64(timeout)
	}
	wait := m.wait(n)
	go func() { c.done <- b.Take(ctx, int(n)) }()
	switch {
	case m.rate == infinite:
		c.over = true
	case n > m.burst:
		c.want, c.over = tokenbucket.ErrTooLarge, true
	case timeout > 0 && wait >= timeout:
		c.want, c.over = &tokenbucket.DeadlineError{RetryAt: time.Now().Add(wait)}, true
	default:
		c.took = m.add(happened{taken: true, take: n * token})
		c.over = wait == 0
	}
	m.calls = append(m.calls, c)
	synctest.Wait()
}

func (m *model) setBurst(b *tokenbucket.Bucket, burst int64) {
	m.serve()
	if burst < m.burst && m.unclear() {
		return
	}
	for _, r := range m.reservations { // one of more than the burst keeps its time
		if !r.over && !m.due(r.took) && r.took.take > burst*token {
			return
		}
	}
	b.SetBurst(int(burst))
	for _, c := range m.calls {
		if !c.over && c.took.take > burst*token && m.rate != infinite {
			m.finish(c, tokenbucket.ErrTooLarge)
		}
	}
	m.serve() // before the burst changes
	lowered := happened{}
	if burst < m.burst && m.rate != infinite {
		lowered = happened{back: (m.burst - burst) * token, pending: m.pending()}
	}
	m.burst = burst
	m.add(lowered)
}

func (m *model) check(t *testing.T) {
	for _, c := range m.calls {
		select {
		case err := <-c.done:
			require.True(t, c.over, "got %v, should still wait", err)
			if late := (*tokenbucket.DeadlineError)(nil); errors.As(c.want, &late) {
				require.Equal(t, c.want, err)
			} else {
				require.ErrorIs(t, err, c.want)
			}
			c.done <- err
		default:
			require.False(t, c.over, "still waits, should have returned %v", c.want)
		}
	}
}
