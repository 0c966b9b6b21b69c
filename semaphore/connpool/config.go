package connpool

import (
	"context"
	"time"
)

// Config says how a [Pool] treats its connections. Only MaxConns is required.
// No two of the functions are called for the same connection at the same time,
// and none while the pool holds a lock.
type Config[T any] struct {
	// MaxConns is how many connections can be open at the same time, those
	// included that are being dialled or closed. It must be positive.
	MaxConns int
	// MinIdle is how many idle connections the pool keeps ready, as far as
	// MaxConns allows. Zero: it dials when one is asked for.
	MinIdle int

	// MaxLifetime is the age at which a connection is closed, once it is idle.
	// Zero: it lives on.
	MaxLifetime time.Duration
	// MaxIdle is how long a connection can be idle before it is closed. Zero: as
	// long as it lives. Idle connections that MinIdle asks for are replaced.
	MaxIdle time.Duration
	// Jitter spreads both: each connection has its own part of Jitter, chosen
	// once, that its lifetime and idle time are shorter by, so that connections
	// dialled together do not end together. Zero: none.
	Jitter time.Duration

	// Check tells whether a connection that was idle for CheckAfter or longer
	// still works; it is closed if not, and another one is taken. Nil: it is
	// taken to work. A Check that goes on after its caller has given up is
	// awaited, and the connection kept.
	Check      func(context.Context, T) error
	CheckAfter time.Duration
	// Reset prepares a connection for the next user. Release calls it and waits
	// for it; if it fails or panics the connection is closed. Nil: nothing to do.
	Reset func(T) error
	// Close closes a connection. Nil: its own Close method is called, if it has
	// one. It must not panic.
	Close func(T)

	// MaxDials is how many connections can be dialled at the same time. Zero: as
	// many as MaxConns.
	MaxDials int
	// DialTimeout ends the context of a dial, which does not end with its
	// caller's. Zero: only Close ends it.
	DialTimeout time.Duration
	// After a dial has failed, the next one waits for MinBackoff, and for twice
	// as long after each further failure, up to MaxBackoff. One success ends
	// that. Zero: 100 milliseconds and 10 seconds.
	MinBackoff, MaxBackoff time.Duration
	// OnDialError, unless nil, is told of every dial that failed, before the call
	// that gets the error; the caller that the dial was for may have left. Close
	// waits for it. It must not panic.
	OnDialError func(error)

	// OnLeak, unless nil, is told once of each loan that lasts longer than
	// LeakAfter. The stack of every call of Acquire is recorded for it, which
	// takes a microsecond. Close waits for it. It must not panic.
	OnLeak    func(Holder)
	LeakAfter time.Duration
}

func (cfg *Config[T]) normalize() {
	switch {
	case cfg.MaxConns < 1:
		panic("connpool: MaxConns below 1")
	case cfg.MinIdle < 0 || cfg.MaxDials < 0:
		panic("connpool: negative number of connections")
	case min(cfg.MaxLifetime, cfg.MaxIdle, cfg.Jitter, cfg.CheckAfter, cfg.DialTimeout, cfg.LeakAfter,
		cfg.MinBackoff, cfg.MaxBackoff) < 0:
		panic("connpool: negative duration")
	case cfg.OnLeak != nil && cfg.LeakAfter == 0:
		panic("connpool: OnLeak without LeakAfter")
	}
	if cfg.MinBackoff == 0 {
		cfg.MinBackoff = 100 * time.Millisecond
	}
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = 10 * time.Second
	}
	if cfg.Close == nil {
		cfg.Close = closeIt[T]
	}
}

func closeIt[T any](v T) {
	switch c := any(v).(type) {
	case interface{ Close() error }:
		_ = c.Close() // nobody could do anything about it
	case interface{ Close() }:
		c.Close()
	}
}
