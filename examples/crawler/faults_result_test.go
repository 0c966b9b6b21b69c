package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// row is what a test expects of a row of pages.
type row struct {
	Status   int
	Kind     string
	Error    string
	Attempts int
	Depth    int
	Size     int64
	Redirect string
	Title    string
	External bool
}

// link is a row of links.
type link struct{ From, To, Text string }

// broken is a row of broken_links. From is "NULL" for none.
type broken struct {
	To     string
	Status int
	Kind   string
	Error  string
	From   string
	Text   string
}

// crawled is what a crawl has recorded. The addresses of the servers are taken
// out of it: it has the path of a URL of the first and "other:" and the path of
// one of the second.
type crawled struct {
	pages  map[string]row
	links  []link
	broken []broken
}

// urls returns the URLs that have a row, in order.
func (c crawled) urls() []string {
	var urls []string
	for u := range c.pages {
		urls = append(urls, u)
	}
	slices.Sort(urls)
	return urls
}

// crawlSites crawls the first site from its page /, with -quiet, and returns
// the result. It requires that the crawl is done and has printed nothing.
func crawlSites(t *testing.T, sites []*faultSite, flags ...string) crawled {
	t.Helper()
	db := filepath.Join(t.TempDir(), "crawl.db")
	args := append([]string{"-quiet", "-db", db}, flags...)
	begun := time.Now()
	code, stdout, stderr := crawlWith(t, append(args, sites[0].url+"/")...)
	require.Equal(t, []any{exitDone, "", ""}, []any{code, stdout, stderr})
	requireTimes(t, db, begun)
	return readCrawl(t, db, sites...)
}

// crawlSite is crawlSites for one.
func crawlSite(t *testing.T, site *faultSite, flags ...string) crawled {
	t.Helper()
	return crawlSites(t, []*faultSite{site}, flags...)
}

// crawlWith runs the program.
func crawlWith(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func readCrawl(t *testing.T, path string, sites ...*faultSite) crawled {
	t.Helper()
	db := openCrawl(t, path)
	var pairs []string
	for i, s := range sites {
		pairs = append(pairs, s.url, []string{"", "other:"}[i])
	}
	short := strings.NewReplacer(pairs...).Replace
	c := crawled{pages: map[string]row{}}
	eachRow(t, db, `SELECT url, status, error_kind, error, attempts, depth, size, redirect, title, external FROM pages`,
		func(scan func(...any)) {
			var u string
			var r row
			scan(&u, &r.Status, &r.Kind, &r.Error, &r.Attempts, &r.Depth, &r.Size, &r.Redirect, &r.Title, &r.External)
			r.Error, r.Redirect = short(r.Error), short(r.Redirect)
			c.pages[short(u)] = r
		})
	eachRow(t, db, `SELECT "from", "to", text FROM links ORDER BY "from", rowid`, func(scan func(...any)) {
		var l link
		scan(&l.From, &l.To, &l.Text)
		c.links = append(c.links, link{short(l.From), short(l.To), l.Text})
	})
	eachRow(t, db, `SELECT "to", status, error_kind, error, coalesce("from", 'NULL'), coalesce(text, 'NULL')
		FROM broken_links`, func(scan func(...any)) {
		var b broken
		scan(&b.To, &b.Status, &b.Kind, &b.Error, &b.From, &b.Text)
		b.To, b.Error, b.From = short(b.To), short(b.Error), short(b.From)
		c.broken = append(c.broken, b)
	})
	return c
}

// requireTimes checks the columns that no test can know the exact value of.
func requireTimes(t *testing.T, path string, begun time.Time) {
	t.Helper()
	const micro = "2006-01-02T15:04:05.000000Z"
	from, to := begun.UTC().Format(micro), time.Now().UTC().Format(micro)
	eachRow(t, openCrawl(t, path), `SELECT url, time, latency_us FROM pages`, func(scan func(...any)) {
		var u, at string
		var latency int64
		scan(&u, &at, &latency)
		require.Len(t, at, len(micro), u)
		require.True(t, from <= at && at <= to, "%s: %s is not from %s to %s", u, at, from, to)
		require.True(t, latency >= 0 && latency <= time.Since(begun).Microseconds(), "%s: %d", u, latency)
	})
}

func openCrawl(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func eachRow(t *testing.T, db *sql.DB, query string, read func(scan func(...any))) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		read(func(to ...any) { require.NoError(t, rows.Scan(to...)) })
	}
	require.NoError(t, rows.Err())
}

// sameRows requires two sets of rows to be the same, and says which differ.
func sameRows[R comparable](t *testing.T, want, got []R) {
	t.Helper()
	counts := map[R]int{}
	for _, r := range want {
		counts[r]++
	}
	for _, r := range got {
		counts[r]--
	}
	var differ []string
	for r, n := range counts {
		if n != 0 {
			differ = append(differ, fmt.Sprintf("%+d %+v", -n, r))
		}
	}
	slices.Sort(differ)
	require.Empty(t, differ, "+: too many, -: missing")
}

// samePages requires exactly the rows of want, but for sizes of -1.
func samePages(t *testing.T, want, got map[string]row) {
	t.Helper()
	type named struct {
		url string
		row
	}
	var w, g []named
	for u, r := range want {
		w = append(w, named{u, r})
	}
	for u, r := range got {
		if want[u].Size < 0 {
			r.Size = want[u].Size
		}
		g = append(g, named{u, r})
	}
	sameRows(t, w, g)
}
