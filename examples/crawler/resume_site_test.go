package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// oddSite is a generated site with much that a resumed crawl could get wrong:
// redirects in chains and loops, more than are followed unless the chain is
// entered in its middle; an answer that fails the first time; references that
// are not URLs; and a subtree that has a long way to it and a short one, of
// which the long one is found first.
type oddSite struct {
	*httptest.Server
	pages *generated

	mu     sync.Mutex
	visits map[string]*oddVisit // by User-Agent
}

// oddVisit is what one run of the crawler sends. The runs tell themselves apart by
// their User-Agent: a request of a killed process that the server comes to
// read only later is not taken for one of the next process.
type oddVisit struct {
	name    string
	crawl   *oneCrawl
	pause   time.Duration // before each answer
	at      int           // the number of the request that closes reached
	reached chan struct{} // closed at that request
	hang    bool          // no answers from that request on

	// Guarded by oddSite.mu.
	hits  map[string]int // by path
	total int
}

// oneCrawl is what the server remembers across the runs of one crawl.
type oneCrawl struct {
	flaky sync.Once     // done: the first attempt has failed
	once  sync.Once     // closes deep
	deep  chan struct{} // closed once the long way is found
}

func newOddSite(t *testing.T, pages int) *oddSite {
	s := &oddSite{pages: newGenerated(pages, true), visits: map[string]*oddVisit{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func newCrawl() *oneCrawl { return &oneCrawl{deep: make(chan struct{})} }

// visit prepares for a run of a crawl that is told of by v.reached at request
// number at.
func (s *oddSite) visit(c *oneCrawl, at int) *oddVisit {
	return s.register(&oddVisit{crawl: c, at: at})
}

func (s *oddSite) register(v *oddVisit) *oddVisit {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.name = fmt.Sprintf("visit-%d", len(s.visits))
	v.hits, v.reached = map[string]int{}, make(chan struct{})
	s.visits[v.name] = v
	return v
}

func (s *oddSite) total(v *oddVisit) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return v.total
}

func (s *oddSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	v := s.visits[r.UserAgent()]
	if v == nil {
		s.mu.Unlock()
		http.Error(w, "who is it?", http.StatusTeapot)
		return
	}
	v.hits[r.URL.Path]++
	v.total++
	number := v.total
	if number == v.at {
		close(v.reached)
	}
	s.mu.Unlock()
	if v.hang && number >= v.at {
		<-r.Context().Done()
		return
	}
	if v.pause > 0 {
		pauseFor(r.Context(), v.pause)
	}
	s.answer(w, r, v.crawl)
}

// pauseFor returns after d, or once the client has gone.
func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (s *oddSite) answer(w http.ResponseWriter, r *http.Request, c *oneCrawl) {
	var number int
	scan := func(format string) bool {
		n, _ := fmt.Sscanf(r.URL.Path, format, &number)
		return n == 1 && fmt.Sprintf(format, number) == r.URL.Path
	}
	const chain, way, tree = 13, 6, 15
	switch path := r.URL.Path; {
	case path == "/robots.txt":
		fmt.Fprint(w, "User-agent: *\nDisallow: /private/\n")
	case path == "/":
		writeLinks(w, s.pages.path(0), "/way/1", "/short", "/moved", "/chain/0", "/loop/a", "/gone", "/flaky",
			"/logo.png", "/lying.html", "/lost", "/private/page", "http://[bad/", "http://other.invalid/")
	case path == "/moved":
		redirectTo(w, s.pages.path(3), http.StatusMovedPermanently)
	case path == "/lost":
		redirectTo(w, "/gone", http.StatusFound)
	case path == "/loop/a":
		redirectTo(w, "/loop/b", http.StatusFound)
	case path == "/loop/b":
		redirectTo(w, "/loop/a", http.StatusFound)
	case path == "/flaky":
		c.flaky.Do(func() { w.WriteHeader(http.StatusServiceUnavailable) })
		writeLinks(w, "/tree/4")
	case path == "/logo.png", path == "/lying.html":
		if path == "/logo.png" {
			w.Header().Set("Content-Type", "image/png")
		} else {
			w.Header().Set("Content-Type", "text/html")
		}
		fmt.Fprint(w, "\x89PNG\x0D\x0A\x1A\x0A and so on")
	case path == "/short":
		select {
		case <-c.deep:
		case <-time.After(300 * time.Millisecond): // the crawl does not go that deep
		case <-r.Context().Done():
		}
		writeLinks(w, "/tree/0")
	case scan("/chain/%d") && number < chain:
		redirectTo(w, fmt.Sprintf("/chain/%d", number+1), http.StatusFound)
	case scan("/chain/%d") && number == chain:
		writeLinks(w, "/")
	case scan("/way/%d") && number < way:
		writeLinks(w, fmt.Sprintf("/way/%d", number+1))
	case scan("/way/%d") && number == way:
		writeLinks(w, "/tree/0")
	case scan("/tree/%d") && number < tree:
		if number == 5 {
			c.once.Do(func() { close(c.deep) })
		}
		if 2*number+2 < tree {
			writeLinks(w, fmt.Sprintf("/tree/%d", 2*number+1), fmt.Sprintf("/tree/%d", 2*number+2),
				fmt.Sprintf("http://[bad-%d/", number))
			return
		}
		writeLinks(w, "/chain/6", s.pages.path(s.pages.n-1-number), fmt.Sprintf("/gone/%d", number))
	default:
		s.pages.ServeHTTP(w, r)
	}
}

// writeLinks writes a page with these links.
func writeLinks(w http.ResponseWriter, to ...string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<title>Page with %d links</title>", len(to))
	for i, l := range to {
		fmt.Fprintf(w, "<p><a href=%q>Link %d</a>", l, i)
	}
}

// redirectTo writes a redirect without a body, and so without a link.
func redirectTo(w http.ResponseWriter, to string, status int) {
	w.Header().Set("Location", to)
	w.WriteHeader(status)
}

// args are the flags of a run that is visit v to the site.
func (s *oddSite) args(db string, v *oddVisit, more ...string) []string {
	return append([]string{"-db", db, "-c", "8", "-user-agent", v.name}, append(more, s.URL)...)
}

// crawl runs the crawler in this process, to its end or to that of ctx.
func (s *oddSite) crawl(ctx context.Context, db string, v *oddVisit, more ...string) (code int, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, s.args(db, v, more...), &out, &errs)
	return code, errs.String()
}

// complete runs an undisturbed crawl to its end.
func (s *oddSite) complete(t *testing.T, more ...string) (kept, *oddVisit) {
	t.Helper()
	db, v := filepath.Join(t.TempDir(), "crawl.db"), s.visit(newCrawl(), 0)
	code, stderr := s.crawl(t.Context(), db, v, more...)
	require.Equal(t, exitDone, code, stderr)
	return readKept(t, db), v
}

// kept is what a file has, but for what differs from run to run.
type kept struct {
	pages, links []string
	urls         map[string]bool // of pages
}

// readKept reads a copy of the file, so that what a killed process has left is
// still to be recovered by the next. The index of the write-ahead log, -shm, is
// made anew from the log.
func readKept(t *testing.T, db string) kept {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(db + suffix)
		if suffix != "" && errors.Is(err, os.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(copied+suffix, data, 0o600))
	}
	file, err := sql.Open("sqlite", copied)
	require.NoError(t, err)
	defer file.Close()
	list := func(query string) (rows []string) {
		found, err := file.QueryContext(t.Context(), query)
		require.NoError(t, err)
		defer found.Close()
		for found.Next() {
			var row string
			require.NoError(t, found.Scan(&row))
			rows = append(rows, row)
		}
		require.NoError(t, found.Err())
		return rows
	}
	r := kept{urls: map[string]bool{}}
	for _, url := range list(`SELECT url FROM pages`) {
		r.urls[url] = true
	}
	// The attempt that fails may have been made by a process that was killed.
	r.pages = list(`SELECT concat_ws(' | ', url, status, content_type, size, title, depth,
		iif(url LIKE '%/flaky', 'some', attempts), error, error_kind, redirect, external) FROM pages ORDER BY url`)
	r.links = list(`SELECT concat_ws(' | ', "from", "to", text) FROM links ORDER BY "from", "to", text`)
	return r
}

// linksOf returns the links of pages that are among urls.
func (r kept) linksOf(urls map[string]bool) (of []string) {
	for _, l := range r.links {
		if from, _, _ := strings.Cut(l, " | "); urls[from] {
			of = append(of, l)
		}
	}
	return of
}

// same fails if a crawl has not come to the result of another.
func (r kept) same(t *testing.T, want kept) {
	t.Helper()
	require.Equal(t, want.pages, r.pages)
	require.Equal(t, want.links, r.links)
}

// notAgain fails if a visit has asked for a page that was recorded before.
func (s *oddSite) notAgain(t *testing.T, v *oddVisit, before kept) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for path := range v.hits {
		require.False(t, before.urls[s.URL+path], "%s was recorded, but asked for again", path)
	}
}
