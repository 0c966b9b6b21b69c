package taskgroup

import (
	"context"
	"errors"
	"iter"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/waitq"
)

// ForEach calls fn for each value of seq, in tasks of which at most limit run at a
// time. It takes the next value from seq only once the call for the one before it has
// begun, so that at most one value waits. If a call fails, the others are cancelled
// and awaited, seq is not asked again, and ForEach returns what [Run] does.
//
// seq runs on the goroutine of the caller. A [Limit] that covers the caller's ctx
// covers the calls too. ForEach panics if limit < 1.
func ForEach[T any](ctx context.Context, limit int, seq iter.Seq[T], fn func(ctx context.Context, v T) error) error {
	pc := pcOf(fn)
	return Run(ctx, func(ctx context.Context, g *Group) error {
		for v := range seq {
			d := new(details)
			g.start(d, func(ctx context.Context) error { return fn(ctx, v) }, pc, nil)
			if err := d.admitted(ctx); err != nil {
				return err
			}
		}
		return nil
	}, Limit(limit))
}

// admitted waits until the task has its slots, or returns ctx.Err(). It is for the body.
func (d *details) admitted(ctx context.Context) error {
	g := d.group
	explore.Point("taskgroup: about to see whether it has its slots")
	g.scheduler.mu.Lock()
	var slots *waitq.Gate
	if d.state == Queued && !d.holding {
		slots = new(waitq.Gate)
		d.slots = slots
	}
	g.scheduler.mu.Unlock()
	if slots != nil {
		g.wait(slots, &g.body, ctx.Done())
	}
	return ctx.Err()
}

// errLeft cancels the tasks of a loop that was left. Nobody sees it.
var errLeft = errors.New("taskgroup: loop left")

// GatherSeq returns an iterator over the results of fn for the values of seq, in the
// order of seq. The calls are made in tasks, at most limit of them at a time, counting
// those whose results have not been taken: a slow loop slows seq down. Once there are limit
// of them, the next value is taken from seq after the loop has had the oldest result.
//
// If a call fails, the others are cancelled and awaited, and the last pair has the
// error that [Run] returns; results of earlier values can be lost to that. If ctx has
// ended, that pair is the only one. When the loop is left by break, return or a
// panic, the tasks are cancelled and awaited before it is; no task runs unless in a
// loop.
//
// seq runs on the goroutine of the loop. GatherSeq panics if limit < 1.
func GatherSeq[T, R any](ctx context.Context, limit int, seq iter.Seq[T], fn func(ctx context.Context, v T) (R, error)) iter.Seq2[R, error] {
	limited, pc := Limit(limit), pcOf(fn)
	return func(yield func(R, error) bool) {
		left := false
		err := Run(ctx, func(ctx context.Context, g *Group) error {
			var tasks []*Task[R] // whose results have not been taken, the oldest first
			take := func() error {
				result, err := tasks[0].Wait(ctx)
				tasks = tasks[1:]
				if err != nil {
					return ctx.Err() // the task's own error is known to the group
				}
				if !yield(result, nil) {
					left = true
					return errLeft
				}
				return nil
			}
			for v := range seq {
				call := func(ctx context.Context) (R, error) { return fn(ctx, v) }
				tasks = append(tasks, startNamed(g, call, pc, nil))
				if len(tasks) == limit {
					if err := take(); err != nil {
						return err
					}
				}
			}
			for len(tasks) > 0 {
				if err := take(); err != nil {
					return err
				}
			}
			return nil
		}, limited)
		if err != nil && !left {
			var none R
			yield(none, err)
		}
	}
}
