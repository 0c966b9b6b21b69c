package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/examples/crawler/internal/crawl"
	"github.com/interleave-go/interleave/examples/crawler/internal/store"
)

// rolling is a site of so many pages. The first refers to the next rollingWidth
// of them, and each other to one more and to some that are known, so that pages
// are found at the rate at which they are done.
type rolling int

const rollingWidth = 256

func (n rolling) path(i int) string { return fmt.Sprintf("/the-pages-of-this-site/page-%d.html", i) }

func (n rolling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var i int
	if _, err := fmt.Sscanf(r.URL.Path, "/the-pages-of-this-site/page-%d.html", &i); err != nil {
		http.NotFound(w, r)
		return
	}
	var to []string
	for k := i + 1; k <= i+rollingWidth && k < int(n); k++ {
		if i == 0 || k < i+5 || k == i+rollingWidth {
			to = append(to, n.path(k))
		}
	}
	writeLinks(w, to...)
}

// The memory in use does not grow with the pages: neither with those that are
// known and not done, of which the generated site has tens of thousands at a
// time, nor with those that are done, of which the rolling one has hardly any
// others.
//
// What the store and the parsers remember is bounded, but by numbers of URLs
// that come and go in tens of thousands at once: the heap swings between 8 and
// 16 MB, and with the number of parsers. So it is the least of the last samples
// that tells: it is about 10 MB, and a set of the URLs of 100,000 pages, with
// nothing else, adds 9 MB.
func TestMemoryIsFlat(t *testing.T) {
	const (
		pages   = 100_000 / slowdown
		samples = 40
		last    = 12 // of samples: long enough for whatever swings
		atLeast = 13 << 20
		atMost  = 24 << 20
	)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	site := newGenerated(pages, false)
	for _, test := range []struct {
		name  string
		site  http.Handler
		pages int
		start string
	}{
		{"many pending", site, pages, site.path(0)},
		{"many done", rolling(2 * pages), 2 * pages, rolling(0).path(0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.site)
			defer server.Close()
			start := server.URL + test.start
			limits := store.Limits{Sites: map[string]bool{store.HostOf(start): true}, Depth: -1, Hops: maxRedirects}
			s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "crawl.db"), limits, []string{start}, nil)
			require.NoError(t, err)
			defer s.Close()

			var heap []uint64
			var most int64
			require.NoError(t, crawl.Run(t.Context(), s, crawl.Config{
				Concurrency: 16, PerHost: 16, Timeout: time.Minute, MaxBody: 8 << 20, UserAgent: "test",
				Progress: func(p crawl.Progress) {
					most = max(most, p.Pending)
					if p.Pages < int64(len(heap)*test.pages/samples) {
						return
					}
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					heap = append(heap, m.HeapAlloc)
				},
			}))
			require.EqualValues(t, test.pages, s.Pages())
			require.Greater(t, len(heap), samples/2)
			t.Logf("up to %d pending, heap from %.1f to %.1f MB at the end, up to %.1f MB", most,
				float64(slices.Min(heap[len(heap)-last:]))/(1<<20), float64(slices.Max(heap[len(heap)-last:]))/(1<<20),
				float64(slices.Max(heap))/(1<<20))
			require.Less(t, slices.Min(heap[len(heap)-last:]), uint64(atLeast))
			require.Less(t, slices.Max(heap), uint64(atMost))
		})
	}
}
