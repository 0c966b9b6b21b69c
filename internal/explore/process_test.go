//go:build explore

package explore

import (
	"os"
	"os/exec"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// scenarios are tests that fail, or end the process: run by outcome.
var scenarios = map[string]func(t *testing.T){
	"check": func(t *testing.T) {
		t.Run("the (toy)", func(t *testing.T) { Check(t, Config{}, toyBody(3, lostWakeup)) })
	},
	"mutex held": func(t *testing.T) {
		patience = 200 * time.Millisecond
		Check(t, Config{}, func(x *Exec) {
			var mu sync.Mutex
			for _, name := range []string{"a", "b"} {
				x.Go(name, func() {
					Point("about to lock")
					mu.Lock()
					Point("locked")
					mu.Unlock()
				})
			}
			x.Go("bystander", func() {})
		})
	},
	"loop": func(t *testing.T) {
		patience = 200 * time.Millisecond
		Check(t, Config{}, func(x *Exec) {
			var stop atomic.Bool
			x.Go("a", func() {
				for !stop.Load() {
				}
			})
		})
	},
	"left behind": func(t *testing.T) {
		Check(t, Config{}, func(x *Exec) {
			x.Go("a", func() { go blockForGood() })
		})
	},
	"stuck and left behind": func(t *testing.T) {
		f := Find(t, Config{}, func(x *Exec) {
			x.Go("a", blockForGood)
		})
		t.Fatal(f)
	},
	"FailNow": func(t *testing.T) {
		Check(t, Config{}, func(x *Exec) {
			threads(x, 2, "a")
			x.Finally(func() error {
				require.Fail(t, "the wrong t")
				return nil
			})
		})
	},
	"divergence": func(t *testing.T) {
		runs := 0
		f := Find(t, Config{}, func(x *Exec) {
			runs++
			threads(x, 1+runs%2, "a", "b")
		})
		t.Log("returned", f)
	},
	"points": func(t *testing.T) {
		Check(t, Config{}, func(x *Exec) { threads(x, 2, "a", "b") })
		RequireCovered(t, "testdata/points")
	},
	"nothing explored": func(t *testing.T) { RequireCovered(t, "testdata/points") },
	"environment":      func(t *testing.T) { Check(t, Config{}, func(x *Exec) { threads(x, 1, "a") }) },
}

func blockForGood() { select {} }

const scenarioVariable = "EXPLORE_SCENARIO"

func TestScenario(t *testing.T) {
	scenario, ok := scenarios[os.Getenv(scenarioVariable)]
	if !ok {
		t.Skip("run by other tests")
	}
	scenario(t)
}

// outcome runs the scenario in a process of its own and returns what it prints.
func outcome(t *testing.T, scenario string, args ...string) string {
	cmd := exec.Command(os.Args[0], append(args, "-test.run=^TestScenario$", "-test.v", "-test.timeout=30s")...)
	cmd.Env = append(os.Environ(), scenarioVariable+"="+scenario)
	out, err := cmd.CombinedOutput()
	if err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
		require.Regexp(t, `(?m)^(FAIL|panic: .*)$`, string(out))
	}
	return string(out)
}

func TestCheckPrintsWhatReplayTakes(t *testing.T) {
	out := outcome(t, "check")
	require.Contains(t, out, "explore: stuck: no thread is at a Point")
	again := regexp.MustCompile(`go test -tags explore -run '(.*)' (-explore\.replay=)'(.*)'`).FindStringSubmatch(out)
	require.NotNil(t, again, out)
	require.Equal(t, `^TestScenario$/^the_\(toy\)$`, again[1])

	out2 := outcome(t, "check", again[2]+again[3])
	require.Contains(t, out2, "explore: stuck: no thread is at a Point")
	require.Contains(t, out2, "Schedule 1, of -explore.replay:")
	steps := regexp.MustCompile(`(?s) step  thread .* is blocked, after`)
	require.NotEmpty(t, steps.FindString(out))
	require.Equal(t, steps.FindString(out), steps.FindString(out2))
}

func TestWatchdog(t *testing.T) {
	require.Contains(t, outcome(t, "mutex held"),
		`panic: explore: no progress for 200ms: Point while a mutex is held? Most likely "locked", where a is`)
	out := outcome(t, "loop")
	require.Contains(t, out, "panic: explore: no progress for 200ms: no thread is at a Point; does one loop")
	require.Contains(t, out, `a is blocked, after "start"`)
}

func TestGoroutinesLeftBehind(t *testing.T) {
	out := outcome(t, "left behind")
	require.Contains(t, out, "explore: goroutines are left behind: deadlock: ")
	require.Contains(t, out, "explore.blockForGood()")
	require.Contains(t, out, "-explore.replay='a'")

	out = outcome(t, "stuck and left behind")
	require.Contains(t, out, "stuck: no thread is at a Point, no event is left; then goroutines are left behind\n")
}

func TestFailNowInACheck(t *testing.T) {
	out := outcome(t, "FailNow")
	require.Contains(t, out, "the wrong t")
	require.Contains(t, out, "explore: runtime.Goexit on the controller's goroutine")
	require.Contains(t, out, "-explore.replay='a*2'")
}

func TestFindFailsOnDivergence(t *testing.T) {
	out := outcome(t, "divergence")
	require.Contains(t, out, "explore: the run left the schedule it should follow")
	require.NotContains(t, out, "returned")
}

func TestInvalidEnvironment(t *testing.T) {
	t.Setenv("INTERLEAVE_EXPLORE", "lots")
	require.Contains(t, outcome(t, "environment"),
		`explore: INTERLEAVE_EXPLORE is "lots", which is not a whole number above zero`)
	t.Setenv("INTERLEAVE_EXPLORE", "2")
	require.Contains(t, outcome(t, "environment", "-explore.replay=a*x"), `-explore.replay: "a*x" is not name*count`)
}

func TestRequireCovered(t *testing.T) {
	out := outcome(t, "points")
	require.Contains(t, out, `points.go:9:16: nothing ever happened while a thread was at Point "left out"`)
	require.Contains(t, out, "--- FAIL: TestScenario")
	out = outcome(t, "points", "-explore.replay=a,b,a,b")
	require.Contains(t, out, "--- SKIP: TestScenario")
	out = outcome(t, "nothing explored")
	require.Contains(t, out, "--- SKIP: TestScenario")
}

func TestCheckInABubblePanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.PanicsWithValue(t, "explore: called in a synctest bubble", func() {
			Check(t, Config{}, func(*Exec) {})
		})
	})
}
