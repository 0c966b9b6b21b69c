package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
)

// results is what was measured, by row. Rows keep the samples of the run that
// measured them last.
type results map[string]result

type result struct {
	Environment environment
	Samples     map[string][]sample // by implementation
}

func load(file string) (results, error) {
	r := make(results)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(data, &r)
}

func (r results) save(file string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// comparison is one line of the table.
type comparison struct {
	target
	ours, theirs             float64 // ns per operation, medians
	oursAllocs, theirsAllocs float64
	median, least, most      float64 // of the ratios ours/theirs of the rounds
	noisy                    bool    // something else used the machine
}

func (c comparison) met() bool { return c.median <= c.ratio }

// compare returns false if the row was not measured with this implementation.
func (r results) compare(t target) (comparison, bool) {
	ours, theirs := r[t.row].Samples["ours"], r[t.row].Samples[t.other]
	rounds := min(len(ours), len(theirs))
	if rounds == 0 {
		return comparison{}, false
	}
	var ratios, oursNs, theirsNs, oursAllocs, theirsAllocs []float64
	for i := range rounds {
		ratios = append(ratios, ours[i].Ns/theirs[i].Ns)
		oursNs, theirsNs = append(oursNs, ours[i].Ns), append(theirsNs, theirs[i].Ns)
		oursAllocs, theirsAllocs = append(oursAllocs, ours[i].Allocs), append(theirsAllocs, theirs[i].Allocs)
	}
	return comparison{
		target: t,
		ours:   median(oursNs), theirs: median(theirsNs),
		oursAllocs: median(oursAllocs), theirsAllocs: median(theirsAllocs),
		median: median(ratios), least: slices.Min(ratios), most: slices.Max(ratios),
		// What is measured in a round that another process took a core from can
		// take half or twice its time.
		noisy: slices.Max(ratios) > 2*slices.Min(ratios),
	}, true
}
