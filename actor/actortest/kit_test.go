package actortest

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/actor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errEcho = errors.New("cannot say that")

// echo tells to what it is told a second later, and fails on the empty string.
func echo(to *actor.Ref[string]) func() actor.Behavior[string] {
	return func() actor.Behavior[string] {
		return actor.Func[string](func(c *actor.Context[string], m string) error {
			switch {
			case m == "":
				return errEcho
			case m[0] == '!':
				return to.Tell(c, m[1:])
			}
			c.After(time.Second, "!"+m)
			return nil
		})
	}
}

func TestProbe(t *testing.T) {
	Run(t, func(t *testing.T, k *Kit) {
		probe := NewProbe[string](k, "probe")
		ref, err := actor.Spawn(k, "echo", echo(probe.Ref()))
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, ref.Tell(t.Context(), "one"))
		probe.None(time.Second - 1)
		require.Equal(t, "one", probe.Next(1), "at the last moment")
		require.Equal(t, time.Second, time.Since(began))
		require.NoError(t, probe.Ref().Tell(t.Context(), "two"))
		require.Equal(t, "two", probe.Next(0))
		require.NoError(t, ref.Tell(t.Context(), "three"))
		require.Equal(t, "three", probe.Next(time.Hour))
		require.Equal(t, 2*time.Second, time.Since(began), "no longer than it takes")
		require.NoError(t, probe.Ref().Tell(t.Context(), "four"))
		require.Equal(t, []string{"four"}, probe.All())
		require.Empty(t, probe.All())
	})
}

func TestKitRecords(t *testing.T) {
	Run(t, func(t *testing.T, k *Kit) {
		probe := NewProbe[string](k, "probe")
		ref, err := actor.Spawn(k, "echo", echo(probe.Ref()))
		require.NoError(t, err)
		require.NoError(t, ref.Tell(t.Context(), ""))
		failures := k.Failures()
		require.Len(t, failures, 1)
		require.Equal(t, actor.Failure{Actor: ref, Err: errEcho, Message: "", Decision: actor.Restarts}, failures[0])
		require.Empty(t, k.Failures(), "they were asked for")
		require.NoError(t, ref.Tell(t.Context(), ""))
		require.NoError(t, ref.Tell(t.Context(), "late"))
		require.NoError(t, ref.Kill(t.Context()))
		k.Failures()
		for _, u := range k.Undelivered() {
			require.Equal(t, actor.Undelivered{To: ref, Message: u.Message, Reason: actor.ErrStopped}, u)
		}
		require.Empty(t, k.Undelivered())
	})
}

// A witness is a test that may fail. Its methods are called by one goroutine at a time.
type witness struct {
	testing.TB
	said []string
}

func (w *witness) Errorf(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func (w *witness) Fatalf(format string, args ...any) {
	w.Errorf(format, args...)
	runtime.Goexit()
}

func spawn[M any](t *testing.T, k *Kit, name string, receive actor.Func[M]) *actor.Ref[M] {
	ref, err := actor.Spawn(k, name, func() actor.Behavior[M] { return receive }, actor.Restart(actor.Temporary))
	if err != nil {
		t.Error(err)
	}
	return ref
}

func TestFailsTests(t *testing.T) {
	for name, c := range map[string]struct {
		test func(t *testing.T, k *Kit)
		says []string
	}{
		"failure": {func(t *testing.T, k *Kit) {
			_ = spawn(t, k, "ref", func(*actor.Context[int], int) error { return errEcho }).TryTell(1)
		}, []string{"actortest: ref failed: cannot say that"}},
		"undelivered": {func(t *testing.T, k *Kit) {
			_ = spawn(t, k, "ref", func(c *actor.Context[int], m int) error {
				_ = c.Self().TryTell(m + 1)
				_ = c.Self().Kill(c)
				return nil
			}).TryTell(1)
			k.Settle()
		}, []string{"actortest: undelivered to ref: 2 (actor: stopped)"}},
		"hangs": {func(t *testing.T, k *Kit) {
			_ = spawn(t, k, "ref", func(*actor.Context[int], int) error {
				time.Sleep(2 * patience)
				return nil
			}).TryTell(1)
		}, []string{"actortest: actors did not stop: 1 actors of 1 spawned"}},
		"nothing at once": {func(t *testing.T, k *Kit) {
			NewProbe[string](k, "probe").Next(0)
		}, []string{"actortest: nothing was told to probe"}},
		"nothing in time": {func(t *testing.T, k *Kit) {
			probe := NewProbe[string](k, "probe")
			_ = spawn(t, k, "ref", func(*actor.Context[int], int) error {
				time.Sleep(time.Second + 1)
				_ = probe.Ref().TryTell("late")
				return nil
			}).TryTell(1)
			probe.Next(time.Second)
		}, []string{"actortest: nothing was told to probe"}},
		"something": {func(t *testing.T, k *Kit) {
			probe := NewProbe[string](k, "probe")
			_ = probe.Ref().TryTell("one")
			_ = probe.Ref().TryTell("two")
			probe.None(0)
		}, []string{"actortest: probe was told one", "actortest: probe was told two"}},
		"something at the last moment": {func(t *testing.T, k *Kit) {
			probe := NewProbe[string](k, "probe")
			_ = spawn(t, k, "ref", func(*actor.Context[int], int) error {
				time.Sleep(time.Second)
				return probe.Ref().TryTell("now")
			}).TryTell(1)
			probe.None(time.Second)
		}, []string{"actortest: probe was told now"}},
		"name": {func(t *testing.T, k *Kit) {
			NewProbe[string](k, "probe")
			NewProbe[string](k, "probe")
		}, []string{`actortest: probe "probe": actor: name taken`}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &witness{TB: t}
			Run(t, func(t *testing.T, k *Kit) {
				k.t = w
				done := make(chan struct{})
				go func() {
					defer close(done)
					c.test(t, k)
				}()
				<-done
			})
			require.Equal(t, c.says, w.said)
		})
	}
}

// The options of a test stay as they are, and hold for its actors.
func TestOptions(t *testing.T) {
	failed := false
	opts := append(make([]actor.Option, 0, 3), actor.Restart(actor.Temporary), actor.OnFailure(func(actor.Failure) { failed = true }))
	for range 2 {
		Run(t, func(t *testing.T, k *Kit) {
			ref, err := actor.Spawn(k, "echo", echo(nil))
			require.NoError(t, err)
			require.NoError(t, ref.Tell(t.Context(), ""))
			require.Len(t, k.Failures(), 1)
			<-ref.Done()
		}, opts...)
	}
	require.False(t, failed, "the kit has the hooks")
	require.Nil(t, opts[:3][2])
}

func TestThatEndsEarly(t *testing.T) {
	var kit *Kit
	t.Run("skipped", func(t *testing.T) {
		Run(t, func(t *testing.T, k *Kit) {
			kit = k
			NewProbe[string](k, "probe")
			t.Skip("a test that ends early, as by require, is what this is about")
		})
	})
	require.Equal(t, actor.SystemStats{Actors: 0, Spawned: 1}, kit.Stats())
}
