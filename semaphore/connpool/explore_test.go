//go:build explore

package connpool

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// backend is what is dialled. One thread runs at a time: it needs no mutex.
type backend struct {
	open, dials int
	lent        map[int]bool
	endless     bool // dials run until they are cancelled
}

func (b *backend) dial(ctx context.Context) (int, error) {
	b.open++
	b.dials++
	id := b.dials
	explore.Point("dialling")
	if b.endless {
		<-ctx.Done()
		explore.Point("dial cancelled")
	}
	if err := ctx.Err(); err != nil {
		b.open--
		return 0, err
	}
	return id, nil
}

func (b *backend) close(int) { b.open-- }

// setup returns a pool with idle connections that are there from the start, and
// holds it to what it promises at all times and at the end, when it is closed.
func setup(x *explore.Exec, cfg Config[int], ready int) (*Pool[int], *backend) {
	b := &backend{lent: make(map[int]bool)}
	cfg.Close = b.close
	p := New(b.dial, cfg)
	for range ready {
		b.open++
		b.dials++
		p.open++
		p.returnLocked(p.addLocked(b.dials))
	}
	x.Always(func() error {
		if b.open > cfg.MaxConns {
			return fmt.Errorf("%d connections are open", b.open)
		}
		return nil
	})
	x.Finally(func() error {
		if p.barred.Load() && !p.closed && p.open <= p.max {
			return errors.New("barred for nothing")
		}
		if st := p.Stats(); len(b.lent) > 0 || st.Lent > 0 || st.Waiting > 0 || st.Open != b.open || st.Running > 0 {
			return fmt.Errorf("%v, but %d are open and %d are lent", st, b.open, len(b.lent))
		}
		if st := p.units.Stats(); st.InUse != 0 {
			return fmt.Errorf("a unit was lost: %v", st)
		}
		return nil
	})
	return p, b
}

// use borrows a connection and gives it back.
func use(ctx context.Context, x *explore.Exec, p *Pool[int], b *backend) error {
	c, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	id := c.Value()
	if b.lent[id] {
		x.Failf("connection %d is lent twice", id)
	}
	b.lent[id] = true
	explore.Point("using")
	delete(b.lent, id)
	c.Release()
	return nil
}

func mustUse(x *explore.Exec, p *Pool[int], b *backend, name string) {
	x.Go(name, func() {
		if err := use(x.Context(), x, p, b); err != nil {
			x.Failf("%s: %v", name, err)
		}
	})
}

func TestExplore(t *testing.T) {
	t.Run("more callers than connections", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 2}, 1)
			for _, name := range []string{"a", "b", "c"} {
				mustUse(x, p, b, name)
			}
		})
	})
	t.Run("idle connections for everyone", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 2}, 2)
			mustUse(x, p, b, "a")
			mustUse(x, p, b, "b")
			x.Finally(func() error {
				if b.dials > 3 {
					return fmt.Errorf("%d dials", b.dials)
				}
				return nil
			})
		})
	})
	// Whoever waits for a dial that does not end gets what is released.
	t.Run("a dial without end", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 3}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 2}, 1)
			b.endless = true
			users := 2
			for _, name := range []string{"a", "b"} {
				x.Go(name, func() {
					if err := use(x.Context(), x, p, b); err != nil {
						x.Failf("%s: %v", name, err)
					}
					if users--; users == 0 {
						_ = p.Close(x.Context())
					}
				})
			}
		})
	})
	t.Run("a caller gives up while its dial runs", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 1}, 0)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("cancelled", func() {
				if err := use(ctx, x, p, b); err != nil && !errors.Is(err, context.Canceled) {
					x.Failf("cancelled: %v", err)
				}
			})
			mustUse(x, p, b, "next")
			x.Finally(func() error {
				if b.dials != 1 {
					return fmt.Errorf("%d dials for one connection", b.dials)
				}
				return nil
			})
		})
	})
	t.Run("closed while in use", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 1, Reset: func(int) error { return nil }}, 1)
			for _, name := range []string{"a", "b"} {
				x.Go(name, func() {
					if err := use(x.Context(), x, p, b); err != nil && !errors.Is(err, ErrClosed) {
						x.Failf("%s: %v", name, err)
					}
				})
			}
			x.Go("close", func() {
				if err := p.Close(x.Context()); err != nil || b.open != 0 {
					x.Failf("closed with %d open: %v", b.open, err)
				}
			})
		})
	})
	t.Run("closed while a dial begins", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 1}, 0)
			b.endless = true
			x.Go("a", func() {
				if err := use(x.Context(), x, p, b); !errors.Is(err, ErrClosed) {
					x.Failf("a: %v", err)
				}
			})
			x.Go("close", func() {
				if err := p.Close(x.Context()); err != nil {
					x.Failf("close: %v", err)
				}
			})
		})
	})
	t.Run("made smaller while in use", func(t *testing.T) {
		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 2}, 2)
			mustUse(x, p, b, "a")
			mustUse(x, p, b, "b")
			x.Go("resize", func() { p.Resize(1) })
			x.Finally(func() error {
				if b.open > 1 {
					return fmt.Errorf("%d are open", b.open)
				}
				return nil
			})
		})
	})
	t.Run("at random", func(t *testing.T) {
		explore.Check(t, explore.Config{Random: 2000, Preemptions: 5}, func(x *explore.Exec) {
			p, b := setup(x, Config[int]{MaxConns: 2}, 0)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			for i := range 4 {
				x.Go(fmt.Sprint("t", i), func() {
					for range 2 {
						c := x.Context()
						if i == 0 {
							c = ctx
						}
						if err := use(c, x, p, b); err != nil && i != 0 {
							x.Failf("t%d: %v", i, err)
						}
						if c, ok := p.TryAcquire(); ok {
							explore.Point("using for a moment")
							c.Discard()
						}
					}
				})
			}
		})
	})
	explore.RequireCovered(t, ".")
}
