//go:build !explore

package explore

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPointLeavesNoCode(t *testing.T) {
	require.False(t, On)
	listing := compile(t, "-S")
	without, with := code(listing, "withoutPoints"), code(listing, "withPoints")
	require.NotEmpty(t, without)
	require.Contains(t, strings.Join(without, "\n"), "sync.(*Mutex).lockSlow", "no calls are compared")
	require.Equal(t, without, with)
}

func TestPointBehindOnCostsNoInlining(t *testing.T) {
	costs := make(map[string]string)
	for _, m := range regexp.MustCompile(`can inline (\w+) with cost (\d+)`).FindAllStringSubmatch(compile(t, "-m=2"), -1) {
		costs[m[1]] = m[2]
	}
	require.NotEmpty(t, costs["inlinedWithoutPoints"])
	require.Equal(t, costs["inlinedWithoutPoints"], costs["inlinedWithPoints"])
}

// compile returns what the compiler says about testdata/cost with the flag.
func compile(t *testing.T, flag string) string {
	out, err := exec.Command("go", "build", "-gcflags="+flag, "./testdata/cost").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// code returns the machine code of fn, in hexadecimal, with its relocations.
func code(listing, fn string) []string {
	_, body, _ := strings.Cut(listing, "cost."+fn+" STEXT")
	var lines []string
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "\t") && len(lines) > 0 {
			break
		}
		if regexp.MustCompile(`^\t(0x[0-9a-f]+( [0-9a-f]{2})+ |rel )`).MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}
