package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// planted is one target of a faulty site, and the row that must come of it.
type planted struct {
	target string
	answer answer
	want   row
	behind bool // only reached by a redirect, not linked from the start page
}

// good is a page without fault that is linked from the start page.
func good(target, title string) planted {
	return planted{target: target, answer: titled(title), want: ok(title)}
}

// ok is the row of a page that [titled] made.
func ok(title string) row {
	const empty = int64(len("<!DOCTYPE html><title></title>"))
	return row{Status: 200, Attempts: 1, Depth: 1, Size: empty + int64(len(title)), Title: title}
}

// TestFaultsEachEndInOneRow crawls a site with every fault that needs no time
// to show, all at once, so that they also get into each other's way if they can.
// Nothing but what is planted may come of it.
func TestFaultsEachEndInOneRow(t *testing.T) {
	faults := slices.Concat(statusFaults(), redirectFaults(), connectionFaults(), bodyFaults(), contentFaults())
	site := newFaultSite(t, nil)
	other := newFaultSite(t, nil)
	site.answers = plant(faults)
	site.answers["/to-other"] = moved(302, other.url+"/elsewhere")

	got := crawlSites(t, []*faultSite{site, other}, "-max-body", "1", "-c", "64", "-per-host", "64")
	samePages(t, wantedPages(faults), got.pages)
	links := wantedLinks(faults)
	sameRows(t, links, got.links)
	sameRows(t, wantedBroken(wantedPages(faults), links), got.broken)
	requireAsked(t, site, faults)
	require.Empty(t, other.requests(), "another host")
}

// plant returns the answers of a site with faults and a start page that links
// to them.
func plant(faults []planted) map[string]answer {
	answers := map[string]answer{}
	var targets []string
	for _, f := range faults {
		answers[f.target] = f.answer
		if !f.behind {
			targets = append(targets, f.target)
		}
	}
	answers["/"] = titled("Start", targets...)
	return answers
}

func wantedPages(faults []planted) map[string]row {
	pages := map[string]row{"/": {Status: 200, Attempts: 1, Size: -1, Title: "Start"}}
	for _, f := range faults {
		pages[f.target] = f.want
	}
	return pages
}

// wantedLinks returns the links of the start page and those that the faults have
// on themselves.
func wantedLinks(faults []planted) []link {
	links := slices.Clone(linksOfFaults)
	for _, f := range faults {
		if !f.behind {
			links = append(links, link{"/", f.target, linkText})
		}
	}
	return links
}

// wantedBroken states what broken_links is: the pages with an error, but for
// those that robots.txt disallows, each with its links.
func wantedBroken(pages map[string]row, links []link) []broken {
	var all []broken
	for u, r := range pages {
		if r.Kind == "" || r.Kind == "robots" {
			continue
		}
		b := broken{u, r.Status, r.Kind, r.Error, "NULL", "NULL"}
		linked := false
		for _, l := range links {
			if l.To == u {
				linked = true
				b.From, b.Text = l.From, l.Text
				all = append(all, b)
			}
		}
		if !linked {
			all = append(all, b)
		}
	}
	return all
}

// requireAsked requires that the site was asked for what is in the result, as
// often as the rows say, and for nothing else.
func requireAsked(t *testing.T, site *faultSite, faults []planted) {
	t.Helper()
	want := map[string]int{"GET /robots.txt": 1, "GET /": 1}
	requests := site.requests()
	for _, f := range faults {
		key := "GET " + f.target
		want[key] = f.want.Attempts
		if f.want.Status == 0 && requests[key] >= f.want.Attempts {
			// Without an answer on a connection that was used before,
			// net/http asks again on a new one by itself.
			want[key] = requests[key]
		}
	}
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	require.Equal(t, want, requests)
}
