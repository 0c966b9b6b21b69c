package report

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
)

// Table formats the headline for a terminal: aligned, at most 80 columns
// wide, without a trailing newline.
func (s Summary) Table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(name, value string, notes ...string) {
		if note := strings.Join(notes, ", "); note != "" {
			value += " (" + note + ")"
		}
		fmt.Fprintf(w, "%s\t%s\n", name, value)
	}
	row("Pages", humanize.Comma(s.Pages), offsite(s.External)...)
	if s.Robots > 0 {
		row("Disallowed", humanize.Comma(s.Robots), "by robots.txt, not among the pages")
	}
	row("Bytes", size(s.Bytes))
	row("Duration", duration(s.Active), s.elapsed())
	row("Pages/s", rate(s.PerSecond))
	row("Latency p50", duration(s.P50))
	row("Latency p99", duration(s.P99))
	row("Retries", humanize.Comma(s.Retries))
	row("Redirects", humanize.Comma(s.Redirects))
	var referenced []string
	if s.BrokenLinks > 0 {
		referenced = append(referenced, count(s.References, "reference"))
	}
	row("Broken links", humanize.Comma(s.BrokenLinks),
		append(offsite(s.BrokenExternal), referenced...)...)
	for _, e := range s.Errors {
		row("  "+clip(e.Name, 16), humanize.Comma(e.Pages))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return strings.TrimRight(b.String(), "\n")
}

// elapsed mentions the wall-clock time where it says more than Active.
func (s Summary) elapsed() string {
	if s.End.Sub(s.Start) <= s.Active+pause {
		return ""
	}
	return duration(s.End.Sub(s.Start)) + " from first to last page"
}

func offsite(n int64) []string {
	if n == 0 {
		return nil
	}
	return []string{humanize.Comma(n) + " off-site"}
}

// duration formats d with two or three significant digits.
func duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 s"
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return trim(d.Seconds()*1e3, 1) + " ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return trim(d.Seconds(), 1) + " s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// compact formats a round duration for an axis.
func compact(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

func rate(perSecond float64) string {
	if perSecond >= 100 {
		return humanize.Comma(int64(math.Round(perSecond)))
	}
	if perSecond >= 1 {
		return trim(perSecond, 1)
	}
	return trim(perSecond, 3)
}

// trim cuts f to at most digits decimals, without trailing zeros.
func trim(f float64, digits int) string { return humanize.FtoaWithDigits(f, digits) }

// count says how many there are of a noun.
func count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return humanize.Comma(n) + " " + noun
}

// percent is the share of part in whole, never rounded to nothing or all.
func percent(part, whole int64) string {
	share := 100 * float64(part) / float64(max(whole, 1))
	switch {
	case part > 0 && share < 0.1:
		return "under 0.1 %"
	case part < whole && share > 99.9:
		return "over 99.9 %"
	}
	return trim(share, 1) + " %"
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
