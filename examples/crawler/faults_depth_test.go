package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/examples/crawler/internal/store"
)

// graph is a made-up web: what each of its URLs refers to.
type graph struct {
	urls   []string
	seeds  []string
	links  map[string][]store.Link
	moved  map[string]string // redirects
	limits store.Limits
}

const (
	nearHost  = "near.example"
	farHost   = "far.example"   // another site of the crawl
	otherHost = "other.example" // none
)

// randomGraph makes a graph that is a chain with short cuts and ways back: in
// one of links to anywhere there are hardly any detours.
func randomGraph(r *rand.Rand) graph {
	g := graph{
		links: map[string][]store.Link{},
		moved: map[string]string{},
		limits: store.Limits{
			Sites:    map[string]bool{nearHost: true, farHost: true},
			External: r.IntN(2) == 0,
			Depth:    r.IntN(12) - 1,
			Hops:     r.IntN(4),
		},
	}
	for i := range 5 + r.IntN(40) {
		host := nearHost
		switch n := r.IntN(16); {
		case i < 2: // one of them may be a seed
		case n == 0:
			host = otherHost
		case n < 5:
			host = farHost
		}
		g.urls = append(g.urls, fmt.Sprintf("http://%s/%d", host, i))
	}
	g.seeds = []string{fmt.Sprintf("http://%s/seed", nearHost), g.urls[r.IntN(2)]}[:1+r.IntN(2)]
	g.urls = slices.Insert(g.urls, 0, g.seeds[0])
	for i, u := range g.urls {
		ahead := func(most int) string { return g.urls[(i+1+r.IntN(most))%len(g.urls)] }
		if i > 0 && r.IntN(6) == 0 {
			g.moved[u] = ahead(4)
			continue
		}
		if store.HostOf(u) == otherHost {
			continue // it may have moved, but its links are not read
		}
		to := []string{ahead(1)}
		for range r.IntN(3) {
			to = append(to, ahead(8))
		}
		if r.IntN(4) == 0 {
			to = append(to, ahead(len(g.urls)))
		}
		slices.Sort(to)
		for _, target := range slices.Compact(to) {
			g.links[u] = append(g.links[u], store.Link{To: target})
		}
		if r.IntN(5) == 0 {
			g.links[u] = append(g.links[u], store.Link{To: fmt.Sprintf("http://[%d", r.IntN(3)), Invalid: true})
		}
	}
	return g
}

// depths is the model: it goes over all links again and again until no way gets
// shorter. A URL has two distances, its links from a seed and its redirects
// since a link, and each is the smallest there is. It returns those of the URLs
// that are crawled, and of what is no URL.
func (g graph) depths() map[string]int {
	type distances struct{ links, redirects int }
	at := map[string]distances{}
	for _, u := range g.seeds {
		at[u] = distances{}
	}
	invalid := map[string]bool{}
	crawled := func(u string) bool {
		d, ok := at[u]
		return ok && (g.limits.Depth < 0 || d.links <= g.limits.Depth) && !invalid[u]
	}
	changed := true
	reach := func(u string, d distances) {
		if h := store.HostOf(u); !invalid[u] && !g.limits.Sites[h] && !g.limits.External {
			return
		}
		if was, ok := at[u]; ok {
			d = distances{min(was.links, d.links), min(was.redirects, d.redirects)}
		}
		if was, ok := at[u]; !ok || was != d {
			at[u], changed = d, true
		}
	}
	for changed {
		changed = false
		for _, u := range g.urls {
			if !crawled(u) {
				continue
			}
			for _, l := range g.links[u] {
				invalid[l.To] = l.Invalid
				reach(l.To, distances{at[u].links + 1, 0})
			}
			if to := g.moved[u]; to != "" && at[u].redirects < g.limits.Hops {
				reach(to, distances{at[u].links, at[u].redirects + 1})
			}
		}
	}
	result := map[string]int{}
	for u, d := range at {
		if crawled(u) || invalid[u] {
			result[u] = d.links
		}
	}
	return result
}

// walk crawls g with answers that come in any order, in batches of any size. It
// looks for jobs only on hosts that the store has named, as a crawler does. Some
// answers are held back until nothing else is left to do, so that what is behind
// them is found by detours first. Now and then it forgets everything but the file.
func (g graph) walk(t *testing.T, r *rand.Rand, path string) map[string]int {
	ctx := t.Context()
	s, err := store.Create(ctx, path, g.limits, g.seeds, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()

	var (
		woken   map[string]bool
		last    map[string]int64
		waiting []store.Job // for their answers
		slow    []store.Job // for longer
	)
	forget := func() {
		woken, last, waiting, slow = map[string]bool{}, map[string]int64{}, nil, nil
		hosts, err := s.Hosts(ctx)
		require.NoError(t, err)
		for _, h := range hosts {
			woken[h] = true
		}
	}
	forget()
	asked := map[string]bool{}
	for s.Pending() > 0 {
		if len(woken)+len(waiting) == 0 {
			waiting, slow = slow, nil
		}
		require.True(t, len(woken)+len(waiting) > 0, "%d pending, and no way to them", s.Pending())
		if r.IntN(40) == 0 {
			require.NoError(t, s.Close())
			s, err = store.Resume(ctx, path, g.limits)
			require.NoError(t, err)
			forget()
			clear(asked)
		}
		for _, h := range []string{nearHost, farHost, otherHost} {
			if !woken[h] || r.IntN(2) == 0 {
				continue
			}
			n := 1 + r.IntN(4)
			jobs, err := s.Next(ctx, h, last[h], n, nil)
			require.NoError(t, err)
			if len(jobs) < n {
				delete(woken, h)
			}
			for _, j := range jobs {
				require.False(t, asked[j.URL], "%s twice", j.URL)
				require.Equal(t, h, store.HostOf(j.URL))
				require.Equal(t, h == otherHost, j.External)
				asked[j.URL], last[h] = true, j.ID
				if r.IntN(3) == 0 {
					slow = append(slow, j)
				} else {
					waiting = append(waiting, j)
				}
			}
		}
		r.Shuffle(len(waiting), func(i, k int) { waiting[i], waiting[k] = waiting[k], waiting[i] })
		n := r.IntN(len(waiting) + 1)
		var pages []*store.Page
		for _, j := range waiting[:n] {
			pages = append(pages, &store.Page{Job: j, Status: 200, Time: time.Now(), Redirect: g.moved[j.URL], Links: g.links[j.URL]})
		}
		waiting = waiting[n:]
		hosts, err := s.Write(ctx, pages)
		require.NoError(t, err)
		for _, h := range hosts {
			woken[h] = true
		}
	}
	require.Empty(t, append(waiting, slow...))

	got := map[string]int{}
	rows, err := s.DB().QueryContext(ctx, `SELECT url, depth FROM pages`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var u string
		var depth int
		require.NoError(t, rows.Scan(&u, &depth))
		got[u] = depth
	}
	require.NoError(t, rows.Err())
	require.EqualValues(t, len(got), s.Pages())
	return got
}

// TestFaultDepthOfRandomGraphs compares the store with a model that knows no
// order: neither the set of pages nor their depth may depend on when answers
// come in, or on where a crawl was interrupted.
func TestFaultDepthOfRandomGraphs(t *testing.T) {
	for seed := range uint64(randomGraphs) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := randomGraph(r)
		want := g.depths()
		got := g.walk(t, r, filepath.Join(t.TempDir(), "crawl.db"))
		require.Equal(t, want, got, "seed %d: %+v", seed, g)
	}
}
