package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// markdown renders RESULTS.md.
func markdown(r results) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# Results")
	fmt.Fprintln(&b)
	fmt.Fprintln(&b, "Written by `go run ./bench/report`; README.md says what is measured and how to read it. A ratio")
	fmt.Fprintln(&b, "is the time of ours, in ns, divided by that of the other one: below 1, ours is faster; in rows of")
	fmt.Fprintln(&b, "bytes it is those. It is the median of the rounds, with the least and the most. Names that begin with limit- are not libraries but the")
	fmt.Fprintln(&b, "least that the work can cost.")
	var groups []string
	for _, row := range rowNames() {
		groups = append(groups, group(row))
	}
	for _, g := range slices.Compact(groups) {
		fmt.Fprintf(&b, "\n## %s\n", g)
		fmt.Fprintf(&b, "\n![ratios of the %s rows](charts/%s.svg)\n", g, strings.ToLower(g))
		fmt.Fprintln(&b, "\n| row | other | ours | other | ratio | least to most | target | met | allocs, ours / other |")
		fmt.Fprintln(&b, "|---|---|--:|--:|--:|--:|--:|---|--:|")
		var notes []string
		for _, t := range targets {
			if group(t.row) != g {
				continue
			}
			c, ok := r.compare(t)
			if !ok {
				fmt.Fprintf(&b, "| %s | %s | | | | | %.4g | **not measured** | |\n", t.row, t.other, t.ratio)
				continue
			}
			met := "yes"
			if !c.met() {
				met = "**no**"
			}
			if c.noisy {
				met += ", noisy"
			}
			fmt.Fprintf(&b, "| %s | %s | %.4g | %.4g | %.3f | %.3f to %.3f | %.4g | %s | %.4g / %.4g |\n",
				t.row, t.other, c.ours, c.theirs, c.median, c.least, c.most, t.ratio, met, c.oursAllocs, c.theirsAllocs)
			notes = append(notes, note(t.row, r[t.row]))
		}
		fmt.Fprintln(&b)
		slices.Sort(notes)
		for _, n := range merge(slices.Compact(notes)) {
			fmt.Fprintln(&b, n)
		}
	}
	return b.Bytes()
}

func note(row string, r result) string {
	e := r.Environment
	return fmt.Sprintf("%s, %d rounds, on %s with %s, %s.\x00%s",
		e.Date, len(r.Samples["ours"]), e.Machine, e.Go, strings.Join(e.Peers, ", "), row)
}

// merge makes one note of those that differ by the row alone.
func merge(notes []string) []string {
	var texts []string
	rows := make(map[string][]string)
	for _, n := range notes {
		text, row, _ := strings.Cut(n, "\x00")
		if rows[text] == nil {
			texts = append(texts, text)
		}
		rows[text] = append(rows[text], row)
	}
	if len(texts) == 1 {
		return []string{"Measured " + texts[0]}
	}
	for i, text := range texts {
		texts[i] = strings.Join(rows[text], ", ") + ": measured " + text
	}
	return texts
}
