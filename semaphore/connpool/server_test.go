package connpool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/semaphore/connpool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is what pools connect to. It counts.
type server struct {
	mu     sync.Mutex
	open   int // dials that run included
	most   int
	dials  int
	closes int
	twice  int // connections closed twice

	before func(ctx context.Context, dial int) error // runs in the nth dial, from 1
}

type conn struct {
	s      *server
	id     int
	closed bool
}

func (s *server) dial(ctx context.Context) (*conn, error) {
	s.mu.Lock()
	s.open++
	s.dials++
	s.most = max(s.most, s.open)
	c := &conn{s: s, id: s.dials}
	s.mu.Unlock()
	if s.before == nil {
		return c, nil
	}
	failed := true
	defer func() {
		if failed {
			s.mu.Lock()
			s.open--
			s.mu.Unlock()
		}
	}()
	if err := s.before(ctx, c.id); err != nil {
		return nil, err
	}
	failed = false
	return c, nil
}

func (c *conn) Close() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.closed {
		c.s.twice++
	}
	c.closed = true
	c.s.open--
	c.s.closes++
}

func (s *server) counts() (open, dials int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open, s.dials
}

// slow is a dial that takes that long and ends with its context.
func slow(d time.Duration) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errDial = errors.New("connection refused")

type (
	pool = connpool.Pool[*conn]
	loan = connpool.Conn[*conn]
)

func newPool(s *server, cfg connpool.Config[*conn]) *pool { return connpool.New(s.dial, cfg) }

// acquire takes a connection that must be there within no time.
func acquire(t *testing.T, p *pool) *loan {
	t.Helper()
	start := time.Now()
	c, err := p.Acquire(t.Context())
	require.NoError(t, err)
	require.Equal(t, start, time.Now(), "had to wait")
	return c
}

// call is an Acquire that is parked, or done, when start returns.
type call struct {
	done chan struct{}
	conn *loan
	err  error
	at   time.Time
}

func start(ctx context.Context, p *pool) *call {
	c := &call{done: make(chan struct{})}
	go func() {
		c.conn, c.err = p.Acquire(ctx)
		c.at = time.Now()
		close(c.done)
	}()
	synctest.Wait()
	return c
}

func (c *call) returned() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// closeAll closes the pool, which must leave nothing behind.
func closeAll(t *testing.T, p *pool, s *server) {
	t.Helper()
	require.NoError(t, p.Close(t.Context()))
	st := p.Stats()
	require.Zero(t, st.Open+st.Idle+st.Lent+st.Running+st.Waiting, "%v", st)
	open, _ := s.counts()
	require.Zero(t, open)
	require.Zero(t, s.twice, "closed twice")
}

// bubble runs test in a bubble, and closes the pool at its end.
func bubble(t *testing.T, s *server, cfg connpool.Config[*conn], test func(t *testing.T, p *pool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(s, cfg)
		test(t, p)
		closeAll(t, p, s)
		require.LessOrEqual(t, s.most, cfg.MaxConns, "more than MaxConns were open")
	})
}

func ids(loans ...*loan) string {
	var s string
	for _, l := range loans {
		s += fmt.Sprint(l.Value().id, " ")
	}
	return s
}

func (s *server) dialled() int {
	_, dials := s.counts()
	return dials
}

func (s *server) closed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closes
}

// list collects what hooks are told.
type list[T any] struct {
	mu    sync.Mutex
	items []T
}

func (l *list[T]) add(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, v)
}

func (l *list[T]) all() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.items)
}
