package actor

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A recorder notes all that happens to it.
type recorder struct {
	j      *journal
	name   string
	number int // of the incarnation
	start  func(c *Context[act]) error
}

func (r *recorder) Started(c *Context[act]) error {
	r.j.add("%s %d started", r.name, r.number)
	if r.start != nil {
		return r.start(c)
	}
	return nil
}

func (r *recorder) Receive(c *Context[act], m act) error { return m(c) }

func (r *recorder) Stopping(_ *Context[act], cause error) {
	r.j.add("%s %d stopping: %v", r.name, r.number, cause)
}

func (r *recorder) Stopped(_ *Context[act], cause error) {
	r.j.add("%s %d stopped: %v", r.name, r.number, cause)
}

// record spawns an actor that notes all that happens to it.
func record(t *testing.T, parent Parent, j *journal, name string, opts ...Option) *Ref[act] {
	return recordStart(t, parent, j, name, nil, opts...)
}

func recordStart(t *testing.T, parent Parent, j *journal, name string, start func(c *Context[act]) error, opts ...Option) *Ref[act] {
	number := 0
	return spawn(t, parent, name, func() Behavior[act] {
		number++
		return &recorder{j: j, name: name, number: number, start: start}
	}, opts...)
}

func fails(*Context[act]) error { return errTest }

// By default an actor that fails is restarted from its factory, and goes on with the next
// message; what was behind in the mailbox stays.
func TestRestartByDefault(t *testing.T) {
	for name, fail := range map[string]struct {
		on    act
		cause string
	}{
		"error":  {fails, "test failure"},
		"panic":  {func(*Context[act]) error { panic(errTest) }, "panic: test failure"},
		"goexit": {func(*Context[act]) error { runtime.Goexit(); return nil }, "actor: runtime.Goexit was called"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				var j journal
				ref := record(t, s, &j, "a")
				tell(t, ref, j.note("before"))
				tell(t, ref, fail.on, j.note("behind"), j.note("last"))
				got := j.take()
				require.Equal(t, []string{"a 1 started", "before"}, got[:2])
				require.Contains(t, got[2], "a 1 stopping: "+fail.cause)
				require.Equal(t, []string{"a 2 started", "behind", "last"}, got[3:])
				require.NoError(t, ref.Err())
				require.Equal(t, Stats{Accepted: 4, Handled: 4}, ref.Stats())
			})
		})
	}
}

func TestManyFailuresInABatch(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := record(t, s, &j, "a")
		release := block(t, ref)
		for i := range 1000 {
			tell(t, ref, fails, j.note(fmt.Sprint(i)))
		}
		j.take()
		close(release)
		got := j.take()
		require.Len(t, got, 3000)
		require.Equal(t, "a 1001 started", got[2998])
		require.Equal(t, "999", got[2999])
	})
}

func TestLifetimes(t *testing.T) {
	stops := func(c *Context[act]) error { c.Stop(); return nil }
	for _, tt := range []struct {
		lifetime Lifetime
		on       act
		want     []string
	}{
		{Transient, fails, []string{"a 1 stopping: test failure", "a 2 started", "next"}},
		{Transient, stops, []string{"next", "a 1 stopping: <nil>", "a 1 stopped: <nil>"}},
		{Permanent, fails, []string{"a 1 stopping: test failure", "a 2 started", "next"}},
		{Permanent, stops, []string{"a 1 stopping: <nil>", "a 2 started", "next"}},
		{Temporary, fails, []string{"a 1 stopping: test failure", "a 1 stopped: test failure"}},
		{Temporary, stops, []string{"next", "a 1 stopping: <nil>", "a 1 stopped: <nil>"}},
	} {
		inBubble(t, func(t *testing.T, s *System) {
			var j journal
			ref := record(t, s, &j, "a", Restart(tt.lifetime))
			release := block(t, ref)
			tell(t, ref, tt.on, j.note("next"))
			j.take()
			close(release)
			require.Equal(t, tt.want, j.take(), "%+v", tt)
			if tt.lifetime == Permanent {
				require.NoError(t, ref.Stop(t.Context()), "stopped by others it is not restarted")
				require.Equal(t, []string{"a 2 stopping: <nil>", "a 2 stopped: <nil>"}, j.take())
			}
		})
	}
}

func TestIntensity(t *testing.T) {
	var failures []Failure
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		ref := record(t, s, &j, "a")
		for i, wait := range []time.Duration{0, time.Second, time.Second - 1, 1, time.Second - 1} {
			// Failures at 0, 1, 2-, 2 and 3- seconds: the window is 2 seconds, and lets two in.
			time.Sleep(wait)
			_ = ref.TryTell(fails)
			synctest.Wait()
			require.Equal(t, i == 2, ref.Err() != nil, "failure %d", i)
			if i == 2 {
				break
			}
		}
		require.Equal(t, errTest, ref.Err())
		b := record(t, s, &j, "b")
		tell(t, b, fails)
		synctest.Wait()
		require.Error(t, b.Err(), "it is of all children together")
		time.Sleep(2 * time.Second)
		b = record(t, s, &j, "b")
		for range 3 {
			tell(t, b, fails)
			synctest.Wait()
			require.NoError(t, b.Err())
			time.Sleep(time.Second)
		}
	}, Intensity(2, 2*time.Second), OnFailure(func(f Failure) { failures = append(failures, f) }))
	require.Len(t, failures, 7)
	require.Equal(t, Stops, failures[2].Decision)
	require.Equal(t, Restarts, failures[1].Decision)
}

// A failure for good is that of the parent, up to the system, which goes on.
func TestEscalation(t *testing.T) {
	var failures []string
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		var child *Ref[act]
		top := recordStart(t, s, &j, "top", func(c *Context[act]) error {
			recordStart(t, c, &j, "middle", func(c *Context[act]) error {
				child = record(t, c, &j, "child")
				return nil
			}, Intensity(1, time.Hour))
			return nil
		}, Intensity(0, time.Hour), Restart(Temporary))
		synctest.Wait()
		first := child
		tell(t, first, fails, fails)
		synctest.Wait()
		require.Equal(t, errTest, first.Err())
		var escalated *EscalatedError
		require.ErrorAs(t, top.Err(), &escalated)
		require.Equal(t, "top/middle", escalated.Child)
		require.EqualError(t, escalated.Err, "actor: child top/middle/child failed for good: test failure")
		require.ErrorIs(t, top.Err(), errTest)
		require.Zero(t, s.Stats().Actors)
		record(t, s, &j, "other")
	}, OnFailure(func(f Failure) { failures = append(failures, f.Actor.Path()+" "+f.Decision.String()) }))
	require.Equal(t, []string{"top/middle/child restarts", "top/middle/child escalates", "top/middle escalates", "top stops"}, failures)
}

// A parent that is restarted has its children stopped before, and can have others of the
// same names.
func TestRestartOfAParent(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		parent := recordStart(t, s, &j, "parent", func(c *Context[act]) error {
			record(t, c, &j, "child")
			return nil
		})
		synctest.Wait()
		child, err := Lookup[act](s, "parent/child")
		require.NoError(t, err)
		j.take()
		release := block(t, child)
		tell(t, child, j.note("never handled"))
		tell(t, parent, fails, j.note("next"))
		require.Equal(t, []string{"parent 1 stopping: test failure"}, j.take(), "it waits for the child")
		close(release)
		require.Equal(t, []string{"child 1 stopping: <nil>", "child 1 stopped: <nil>",
			"parent 2 started", "child 1 started", "next"}, ordered(j.take()))
		require.ErrorIs(t, child.TryTell(nothing), ErrStopped)
		require.EqualValues(t, 1, child.Stats().Undelivered)
	})
}

// ordered puts the start of the new child before what its parent does next: these happen at
// the same time.
func ordered(entries []string) []string {
	for i := 1; i < len(entries); i++ {
		if entries[i] == "child 1 started" && entries[i-1] == "next" {
			entries[i-1], entries[i] = entries[i], entries[i-1]
		}
	}
	return entries
}
