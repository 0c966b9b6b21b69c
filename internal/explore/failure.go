//go:build explore

package explore

import (
	"fmt"
	"regexp"
	"strings"
)

// A Failure is a schedule under which something went wrong.
type Failure struct {
	Reason    string
	Trace     string // the schedule, in the form of -explore.replay
	Steps     string // the schedule as a table, and where it left the threads
	Schedules int    // how many were run, this one included

	how     string // says how it was found
	test    string
	stacks  string // of goroutines that were stuck or left behind
	invalid bool   // the exploration itself went wrong
}

// String returns all that is known about f, and the flags to run it again.
func (f *Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nSchedule %d, %s:\n\n%s\n", f.Reason, f.Schedules, f.how, f.Steps)
	if f.stacks != "" {
		fmt.Fprintf(&b, "%s\n\n", f.stacks)
	}
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(f.test), "/", "$/^") + "$"
	fmt.Fprintf(&b, "To run it again: go test -tags explore -run '%s' -explore.replay='%s'", pattern, f.Trace)
	return b.String()
}

// failure describes what went wrong.
func (x *Exec) failure(test, how string, n int) *Failure {
	return &Failure{
		Reason: x.reason, Trace: encode(x.steps), Steps: table(x.steps, x.ending), Schedules: n,
		how: how, test: test, stacks: x.stacks, invalid: x.invalid,
	}
}

// table lists the steps and where they led.
func table(steps []step, ending []string) string {
	width := len("thread")
	for _, s := range steps {
		width = max(width, len(s.name))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%5s  %-*s  went on from\n", "step", width, "thread")
	for i, s := range steps {
		fmt.Fprintf(&b, "%5d  %-*s  %s\n", i+1, width, s.name, s.point)
	}
	for _, line := range ending {
		fmt.Fprintf(&b, "%5s  %s\n", "", line)
	}
	return b.String()
}

// whereabouts says where each thread is.
func (x *Exec) whereabouts() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var lines []string
	for _, th := range x.threads {
		switch {
		case th.state == ended:
			lines = append(lines, th.name+" has ended")
		case th.state == atPoint:
			lines = append(lines, fmt.Sprintf("%s is at %q", th.name, th.point))
		case th.started:
			lines = append(lines, fmt.Sprintf("%s is blocked, after %q", th.name, th.point))
		default:
			lines = append(lines, fmt.Sprintf("%s is blocked or has ended, after %q", th.name, th.point))
		}
	}
	return lines
}
