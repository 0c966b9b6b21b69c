package taskgroup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/taskgroup"
)

// A performance carries out plans.
type performance struct {
	began time.Time
	tasks [24]*taskgroup.Task[int]
}

func (p *performance) options(plan *plan) (opts []taskgroup.Option) {
	if plan.keepGoing {
		opts = append(opts, taskgroup.KeepGoing())
	}
	if plan.asError {
		opts = append(opts, taskgroup.OnPanic(taskgroup.AsError))
	}
	if plan.limit > 0 {
		opts = append(opts, taskgroup.Limit(plan.limit))
	}
	return opts
}

// run is what the task of a nested plan does, and the test does with the outermost.
func (p *performance) run(ctx context.Context, group *plan) error {
	return taskgroup.Run(ctx, func(_ context.Context, g *taskgroup.Group) error {
		for _, child := range group.children {
			if child.id%3 == 0 && child.cancelAt == 0 {
				g.Go(func(ctx context.Context) error { return p.do(ctx, child) })
				continue
			}
			task := taskgroup.Start(g, func(ctx context.Context) (int, error) { return 0, p.do(ctx, child) })
			p.tasks[child.id] = task
			if in := child.cancelAt - time.Since(p.began); in > 0 && child.cancelAt > 0 {
				time.AfterFunc(in, task.Cancel)
			}
		}
		return nil
	}, p.options(group)...)
}

func (p *performance) do(ctx context.Context, plan *plan) error {
	if plan.nested {
		return p.run(ctx, plan)
	}
	if !plan.obeys {
		ctx = context.WithoutCancel(ctx)
	}
	if err := after(plan.time, nil)(ctx); err != nil {
		return err
	}
	switch plan.outcome {
	case failsAt:
		return fmt.Errorf("error %d", plan.id)
	case panicsAt:
		panic(plan.id)
	case exits:
		runtime.Goexit()
	}
	return nil
}

// atoms returns what errors.Is can find in err.
func atoms(err error) (list []string) {
	switch err := err.(type) {
	case nil:
	case *taskgroup.PanicError:
		list = append(list, fmt.Sprint("panic ", err.Value))
		for _, other := range err.Others {
			list = append(list, atoms(other)...)
		}
	case interface{ Unwrap() []error }:
		for _, part := range err.Unwrap() {
			list = append(list, atoms(part)...)
		}
	default:
		switch err {
		case context.Canceled:
			return []string{"canceled"}
		case taskgroup.ErrGoexit:
			return []string{"exit"}
		}
		list = append(list, err.Error())
	}
	return list
}

// set returns the list without what is there twice, in some order.
func set(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func againstModel(t *testing.T, data []byte) {
	d := &decoder{data: data}
	var cancelAt time.Duration
	if b := d.next(); b&1 == 0 {
		cancelAt = time.Duration(1+b>>3)*unit + 1<<48
	}
	plan := d.group(3)
	m := newModel(plan, cancelAt)
	m.run()
	synctest.Test(t, func(t *testing.T) {
		p := &performance{began: time.Now()}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if cancelAt > 0 {
			time.AfterFunc(cancelAt, cancel)
		}
		var err error
		panicked := recovered(func() { err = p.run(ctx, plan) })
		require.Equal(t, m.now, time.Since(p.began))
		if panicked != nil {
			err = panicked.(*taskgroup.PanicError)
		}
		var want failure
		if m.result != nil {
			want = *m.result
		}
		require.Equal(t, want.panic, panicked != nil)
		require.Equal(t, set(want.atoms), set(atoms(err)))
		if m.root.firstSure {
			require.Equal(t, want.atoms[0], atoms(err)[0])
		}
		for _, task := range m.tasks {
			if handle := p.tasks[task.id]; handle != nil {
				require.Equal(t, task.state, handle.State(), "task %d", task.id)
			} else if task.added && task.parent != nil {
				require.Zero(t, task.id%3)
			}
		}
	})
}

func FuzzModel(f *testing.F) {
	f.Add([]byte{1, 0x40, 0x13, 1, 0x27, 1, 0x31, 1, 0x44, 1})
	f.Add([]byte{0x10, 0x45, 0x13, 1, 0x27, 1, 0x31, 0, 0x44, 1, 0x5b, 0x40})
	f.Add([]byte{1, 0x41, 0, 0x20, 0x11, 1, 0x22, 1, 0x13, 1, 1, 0x20, 0x15, 1, 0x26, 1, 0x33, 1})
	f.Fuzz(func(t *testing.T, data []byte) { againstModel(t, data) })
}

func TestRandomSequencesAgainstModel(t *testing.T) {
	for seed := range uint64(6000 / slowdown) {
		rng := rand.New(rand.NewPCG(seed, 3))
		data := make([]byte, 80)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		againstModel(t, data)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
