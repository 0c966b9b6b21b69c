//go:build explore

package procpool

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/interleave-go/interleave/internal/explore"
)

// instant is a child whose tasks end at once, and crash if they are told to.
type instant struct {
	over chan struct{}
	dead bool
}

func (c *instant) start() error { return nil }
func (c *instant) end() {
	if !c.dead {
		c.dead = true
		close(c.over)
	}
}
func (c *instant) kill(error) { c.end() }
func (c *instant) wait()      { <-c.over }
func (c *instant) run(_ context.Context, b batch, from, to int, over func(outcome, bool)) (int, bool) {
	for i := from; i < to; i++ {
		t := b.request(i).(*fakeTask)
		t.begun++
		if t.err == errCrash {
			c.end()
			explore.Point("gone, and not counted as over")
			over(failed, false)
			return i + 1, false
		}
		over(done, i+1 < to)
	}
	return to, true
}

func explored(x *explore.Exec, workers int) *Pool {
	p := newPool(workers)
	p.spawn = func() child { return &instant{over: make(chan struct{})} }
	x.Always(func() error {
		st := p.Stats()
		if st.Submitted != st.Waiting+st.Running+st.Done+st.Failed+st.Cancelled || st.Running > int64(workers) || st.Workers > workers {
			return fmt.Errorf("inconsistent: %v", st)
		}
		return nil
	})
	return p
}

func settled(x *explore.Exec, p *Pool, tasks ...*fakeTask) {
	x.Finally(func() error {
		st := p.Stats()
		for i, t := range tasks {
			if t.begun > 1 || t.begun == 0 && t.err == nil {
				return fmt.Errorf("task %d begun %d times, %v", i, t.begun, t.err)
			}
		}
		if st.Waiting != 0 || st.Running != 0 || st.Workers != 0 {
			return fmt.Errorf("at the end: %v", st)
		}
		return nil
	})
}

func TestExplore(t *testing.T) {
	t.Run("a crash, a batch and Shutdown", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			p := explored(x, 1)
			a, b, c := &fakeTask{err: errCrash}, &fakeTask{}, &fakeTask{}
			settled(x, p, a, b, c)
			x.Go("batch", func() { p.run(x.Context(), fakeBatch{a, b}) })
			x.Go("single", func() { p.run(x.Context(), fakeBatch{c}) })
			x.Go("shutdown", func() {
				if err := p.Shutdown(x.Context()); err != nil {
					x.Failf("%v", err)
				}
			})
		})
	})
	t.Run("cancel and Close", func(t *testing.T) {
		explore.Check(t, explore.Config{Preemptions: 1}, func(x *explore.Exec) {
			p := explored(x, 1)
			a, b := &fakeTask{}, &fakeTask{}
			settled(x, p, a, b)
			ctx, cancel := context.WithCancel(x.Context())
			x.Event("cancel", cancel)
			x.Go("cancelled", func() {
				p.run(ctx, fakeBatch{a})
				if a.err != nil && ctx.Err() == nil && !errors.Is(a.err, ErrClosed) {
					x.Failf("%v", a.err)
				}
			})
			x.Go("other", func() { p.run(x.Context(), fakeBatch{b}) })
			x.Go("close", func() { p.Close() })
		})
	})
	explore.RequireCovered(t, ".")
}
