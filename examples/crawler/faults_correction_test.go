package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/examples/crawler/internal/store"
)

// correction crawls pages of which the one at late, near the start, is answered
// last, and brings all that is behind it nearer at once. It returns how long the
// crawl took up to there, and then the last page.
func correction(t *testing.T, start, late, probe string, links map[string][]store.Link, depths [2]int) (before, last time.Duration) {
	ctx := t.Context()
	limits := store.Limits{Sites: map[string]bool{nearHost: true}, Depth: -1}
	s, err := store.Create(ctx, filepath.Join(t.TempDir(), "crawl.db"), limits, []string{start}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	answer := func(j store.Job) {
		_, err := s.Write(ctx, []*store.Page{{Job: j, Time: time.Now(), Links: links[j.URL]}})
		require.NoError(t, err)
	}
	depth := func() (depth int) {
		require.NoError(t, s.DB().QueryRowContext(ctx, `SELECT depth FROM pages WHERE url = ?`, probe).Scan(&depth))
		return depth
	}
	begun := time.Now()
	var held store.Job
	for jobs, id := []store.Job(nil), int64(0); ; {
		jobs, err = s.Next(ctx, nearHost, id, 1, jobs[:0])
		require.NoError(t, err)
		if len(jobs) == 0 {
			break
		}
		if id = jobs[0].ID; jobs[0].URL == late {
			held = jobs[0]
			continue
		}
		answer(jobs[0])
	}
	require.Equal(t, depths[0], depth())
	before, begun = time.Since(begun), time.Now()
	answer(held)
	last = time.Since(begun)
	require.Equal(t, depths[1], depth())
	require.Zero(t, s.Pending())
	return before, last
}

func near(format string, args ...any) string {
	return "http://" + nearHost + "/" + fmt.Sprintf(format, args...)
}

// TestFaultDepthOfChain brings a long chain nearer, every page of which has been
// read.
func TestFaultDepthOfChain(t *testing.T) {
	links := map[string][]store.Link{
		near(""):        {{To: near("late")}, {To: near("early")}},
		near("early"):   {{To: near("earlier")}},
		near("earlier"): {{To: near("0")}},
		near("late"):    {{To: near("0")}},
	}
	for i := range chainLength {
		links[near("%d", i)] = []store.Link{{To: near("%d", i+1)}}
	}
	correction(t, near(""), near("late"), near("%d", chainLength), links, [2]int{chainLength + 3, chainLength + 2})
}

// TestFaultDepthOfMesh brings a part of a site nearer in which every page refers
// to every other, as one with a menu does. To carry each way on as soon as it
// turns up would visit each page once for every step that has become shorter;
// then the last page takes longer than all others together, many times over.
func TestFaultDepthOfMesh(t *testing.T) {
	const far, pages = 200, 150 // steps to the mesh at first, and its pages
	links := map[string][]store.Link{
		near(""):     {{To: near("late")}, {To: near("way-1")}},
		near("late"): {{To: near("0")}},
	}
	for i := 1; i < far; i++ {
		links[near("way-%d", i)] = []store.Link{{To: near("way-%d", i+1)}}
	}
	links[near("way-%d", far)] = []store.Link{{To: near("0")}}
	for i := range pages {
		for k := range pages {
			links[near("%d", i)] = append(links[near("%d", i)], store.Link{To: near("%d", k)})
		}
	}
	before, last := correction(t, near(""), near("late"), near("%d", pages-1), links, [2]int{far + 2, 3})
	require.Less(t, last, 10*before)
}
