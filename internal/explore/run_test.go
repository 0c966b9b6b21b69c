//go:build explore

package explore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAlwaysIsCheckedAfterEachStep(t *testing.T) {
	var seen []int
	Check(t, Config{}, func(x *Exec) {
		n := 0
		x.Go("a", func() {
			n = 1
			Point("one")
			n = 2
			Point("two")
			n = 3
		})
		x.Always(func() error {
			seen = append(seen, n)
			return nil
		})
	})
	require.Equal(t, []int{0, 1, 2, 3}, seen[:4])

	f := Find(t, Config{}, func(x *Exec) {
		n := 0
		x.Go("a", func() {
			n = 1
			Point("broken")
			n = 0
		})
		x.Always(func() error {
			if n != 0 {
				return errors.New("not zero")
			}
			return nil
		})
	})
	require.NotNil(t, f)
	require.Equal(t, []string{"not zero", "a"}, []string{f.Reason, f.Trace})
}

func TestFinallyIsCheckedWhenAllHaveEnded(t *testing.T) {
	ended := 0
	Check(t, Config{}, func(x *Exec) {
		ended = 0
		for _, name := range []string{"a", "b"} {
			x.Go(name, func() {
				go func() {
					Point("left behind by a thread")
					ended++
				}()
				Point("ending")
				ended++
			})
		}
		x.Finally(func() error {
			if ended != 4 {
				return fmt.Errorf("%d have ended", ended)
			}
			return nil
		})
	})
	f := Find(t, Config{}, func(x *Exec) {
		threads(x, 1, "a")
		x.Finally(func() error { return errors.New("lost") })
	})
	require.NotNil(t, f)
	require.Equal(t, "lost", f.Reason)
}

func TestFailfKeepsTheFirst(t *testing.T) {
	f := Find(t, Config{}, func(x *Exec) {
		x.Go("a", func() {
			x.Failf("first")
			x.Failf("second")
		})
	})
	require.NotNil(t, f)
	require.Equal(t, "first", f.Reason)
}

// Time passes in events, exactly, and otherwise only if nothing else can happen.
func TestTimers(t *testing.T) {
	started, woken := make(map[time.Duration]bool), make(map[time.Duration]bool)
	Check(t, Config{}, func(x *Exec) {
		begin := time.Now()
		ctx, cancel := context.WithTimeout(x.Context(), time.Millisecond)
		x.Go("a", func() {
			defer cancel()
			started[time.Since(begin)] = true
			Point("about to wait")
			<-ctx.Done()
			woken[time.Since(begin)] = true
			if ctx.Err() != context.DeadlineExceeded {
				x.Failf("%v", ctx.Err())
			}
		})
		x.Event("400us pass", func() { time.Sleep(400 * time.Microsecond) })
		x.Event("600us pass", func() { time.Sleep(600 * time.Microsecond) })
	})
	require.Equal(t, map[time.Duration]bool{
		0: true, 400 * time.Microsecond: true, 600 * time.Microsecond: true, time.Millisecond: true,
	}, started)
	require.Equal(t, map[time.Duration]bool{time.Millisecond: true}, woken)

	f := Find(t, Config{}, func(x *Exec) {
		x.Go("a", func() { time.Sleep(59 * time.Second) })
	})
	require.Nil(t, f)
	f = Find(t, Config{}, func(x *Exec) {
		x.Go("a", func() { time.Sleep(2 * time.Minute) })
	})
	require.NotNil(t, f, "a minute is enough")
	require.Equal(t, "stuck: no thread is at a Point, no event is left", f.Reason)
}

// Goroutines that come to a Point are threads, in the order of their creation.
func TestOtherGoroutinesAreThreads(t *testing.T) {
	var order []string
	body := func(x *Exec) {
		order = nil
		ctx, cancel := context.WithCancel(x.Context())
		x.Go("a", func() {
			context.AfterFunc(ctx, func() {
				Point("called back")
				order = append(order, "callback")
			})
			for i := range 3 {
				go func() {
					Point("begin")
					order = append(order, fmt.Sprint("child ", i))
				}()
			}
		})
		x.Event("cancel", cancel)
	}
	f, _ := explore(t, &replay{trace: strings.Split("a,go#3,go#1,cancel,go#4,go#2", ",")}, 1, body)
	require.Nil(t, f)
	require.Equal(t, []string{"child 2", "child 0", "callback", "child 1"}, order)

	orders := make(map[string]bool)
	f, _ = explore(t, &depthFirst{}, 1000, func(x *Exec) {
		body(x)
		x.Finally(func() error {
			orders[strings.Join(order, ",")] = true
			return nil
		})
	})
	require.Nil(t, f)
	require.Len(t, orders, 24+6, "of four, and of three if all have ended before the event")
}

// Points that the controller comes to stop nobody, nor do they stop goroutines
// outside of the exploration.
func TestPointsOfOthers(t *testing.T) {
	Point("before any exploration")
	var stop atomic.Bool
	var passed atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			Point("outside")
			passed.Add(1)
			runtime.Gosched()
		}
	}()
	got := traces(t, &depthFirst{limit: 9}, 1000, func(x *Exec) {
		Point("body")
		x.Go("a", func() {
			for before := passed.Load(); passed.Load() == before; { // another bubble's Points are passed now
				runtime.Gosched()
			}
			Point("inside")
		})
		x.Event("e", func() { Point("event") })
		x.Always(func() error { Point("check"); return nil })
	})
	stop.Store(true)
	<-done
	require.Equal(t, []string{"a*2", "a,e,a", "e,a*2"}, got)
}

func TestDivergence(t *testing.T) {
	runs := 0
	flaky := func(x *Exec) {
		runs++
		threads(x, 1+runs%2, "a", "b")
	}
	f, _ := explore(t, &depthFirst{limit: 1}, 100, flaky)
	require.NotNil(t, f)
	require.True(t, f.invalid, "Find fails the test")
	require.Contains(t, f.Reason, `the run left the schedule it should follow`)
	require.Contains(t, f.Reason, `(step 2 had the choice of ["a" "b"] before and of ["b"] now)`)

	runs = 0
	f, _ = explore(t, &depthFirst{limit: 1}, 100, func(x *Exec) {
		runs++
		threads(x, 3-runs, "a")
		x.Event("e", func() {})
	})
	require.NotNil(t, f)
	require.True(t, f.invalid)
	require.Contains(t, f.Reason, `(it ended before step 2, which had the choice of ["a" "e"] before)`)

	f, _ = explore(t, &replay{trace: []string{"a", "c"}}, 1, func(x *Exec) { threads(x, 2, "a", "b") })
	require.NotNil(t, f)
	require.True(t, f.invalid)
	require.Contains(t, f.Reason, `(step 2 of the trace is "c", but the choice is of ["a" "b"])`)

	f, _ = explore(t, &replay{trace: []string{"a", "a", "a"}}, 1, func(x *Exec) { threads(x, 2, "a") })
	require.NotNil(t, f)
	require.True(t, f.invalid)
	require.Contains(t, f.Reason, "(it ended after 2 of the 3 steps of the trace)")
}
