//go:build explore

package explore

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var replayFlag = flag.String("explore.replay", "", "run only this schedule, as a failure printed it")

// encode writes the steps as names, "a*3,b,a" for three of a, one of b, one of a.
func encode(steps []step) string {
	var trace []string
	for len(steps) > 0 {
		name, n := steps[0].name, 1
		for n < len(steps) && steps[n].name == name {
			n++
		}
		if n > 1 {
			name += "*" + strconv.Itoa(n)
		}
		trace = append(trace, name)
		steps = steps[n:]
	}
	return strings.Join(trace, ",")
}

// decode returns the names in a trace.
func decode(trace string) ([]string, error) {
	var names []string
	for part := range strings.SplitSeq(trace, ",") {
		name, times, repeated := strings.Cut(part, "*")
		n := 1
		if repeated {
			var err error
			if n, err = strconv.Atoi(times); err != nil || n < 1 || n > maxSteps {
				return nil, fmt.Errorf("-explore.replay: %q is not name*count", part)
			}
		}
		names = append(names, slices.Repeat([]string{name}, n)...)
	}
	return names, nil
}

// replay follows one trace and then goes on without preemption.
type replay struct {
	trace []string
	step  int
}

func (r *replay) choose(choices []choice) (choice, error) {
	if r.step == len(r.trace) {
		return choices[0], nil
	}
	want := r.trace[r.step]
	r.step++
	i := slices.IndexFunc(choices, func(c choice) bool { return c.name == want })
	if i < 0 {
		return choice{}, fmt.Errorf("%w (step %d of the trace is %q, but the choice is of %q)",
			errDiverged, r.step, want, names(choices))
	}
	return choices[i], nil
}

func (r *replay) ended() error {
	if r.step < len(r.trace) {
		return fmt.Errorf("%w (it ended after %d of the %d steps of the trace)", errDiverged, r.step, len(r.trace))
	}
	return nil
}

func (r *replay) ran() (fresh, more bool) { return true, false }

func (r *replay) String() string { return "of -explore.replay" }
