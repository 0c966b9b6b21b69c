package actortest

import (
	"errors"
	"os"
	"os/exec"
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

// misbehaving are tests that are to fail, and what they are to say. They are run in a process
// of their own.
var misbehaving = map[string]struct {
	says string
	test func(t *testing.T, k *Kit)
}{
	"failure": {"ref failed: cannot say that", func(t *testing.T, k *Kit) {
		_ = spawnEcho(t, k).Tell(t.Context(), "")
	}},
	"undelivered": {"undelivered to ref: late (actor: stopped)", func(t *testing.T, k *Kit) {
		ref, err := actor.Spawn(k, "ref", func() actor.Behavior[string] {
			return actor.Func[string](func(c *actor.Context[string], m string) error {
				_ = c.Self().Tell(c, "late")
				return c.Self().Kill(c)
			})
		}, actor.Restart(actor.Temporary))
		require.NoError(t, err)
		_ = ref.Tell(t.Context(), "first")
		k.Failures()
	}},
	"hang": {"actors did not stop", func(t *testing.T, k *Kit) {
		ref, err := actor.Spawn(k, "hangs", func() actor.Behavior[string] {
			return actor.Func[string](func(*actor.Context[string], string) error {
				time.Sleep(48 * time.Hour)
				return nil
			})
		})
		require.NoError(t, err)
		_ = ref.Tell(t.Context(), "now")
	}},
	"nothing": {"nothing was told to probe", func(t *testing.T, k *Kit) {
		NewProbe[string](k, "probe").Next(time.Second)
	}},
	"something": {"probe was told something", func(t *testing.T, k *Kit) {
		probe := NewProbe[string](k, "probe")
		_ = probe.Ref().Tell(t.Context(), "something")
		probe.None(0)
	}},
	"name": {`probe "probe": actor: name taken`, func(t *testing.T, k *Kit) {
		NewProbe[string](k, "probe")
		NewProbe[string](k, "probe")
	}},
}

func spawnEcho(t *testing.T, k *Kit) *actor.Ref[string] {
	ref, err := actor.Spawn(k, "ref", echo(nil))
	require.NoError(t, err)
	return ref
}

const misbehave = "ACTORTEST_MISBEHAVE"

func TestFailsTests(t *testing.T) {
	if name := os.Getenv(misbehave); name != "" {
		Run(t, misbehaving[name].test)
		return
	}
	for name, m := range misbehaving {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestFailsTests$")
			cmd.Env = append(os.Environ(), misbehave+"="+name)
			out, err := cmd.CombinedOutput()
			require.Error(t, err, "it was to fail: %s", out)
			require.Contains(t, string(out), "actortest: "+m.says)
		})
	}
}
