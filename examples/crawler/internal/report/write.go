// Package report turns the database of a crawl into what people read: the
// headline figures for a terminal and a page of HTML for a browser.
//
// The page answers a web team's first questions within seconds: is the site
// healthy, and where to look first. It is one file that loads nothing else,
// follows the reader's light or dark colours, and prints.
//
// Everything comes from the database alone, so a crawl that was interrupted
// and resumed reports the same as one that ran through. The database
// aggregates; memory depends on the tables' limits, not on the crawl's size.
//
// The package only reads, and only the crawler's tables pages and links. It
// is not for watching a crawl: it sees one state of the database and reads
// all of it each time. A query language does better for any other question.
//
// All functions may be called concurrently, also on the same database and
// while a crawl writes to it; each call sees one consistent state.
//
//	summary, err := report.Summarize(ctx, db)
//	if err != nil {
//		return err
//	}
//	fmt.Println(summary.Table())
//	return report.Write(ctx, file, db, "https://example.com/")
package report

import (
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

//go:embed page.tmpl
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"comma":    humanize.Comma,
	"count":    count,
	"size":     size,
	"rate":     rate,
	"duration": duration,
	"percent":  percent,
	"clip":     clip,
	"linkable": linkable,
	"meaning":  func(kind string) string { return meanings[kind] },
	"stamp":    func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05") },
	"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"less":     func(n int64, shown int) int64 { return n - int64(shown) },
}).Parse(source))

// content is everything the page shows.
type content struct {
	Heading string
	Summary
	Verdict  verdict
	Elapsed  string
	Pictures []picture
	Broken   []target
	Outdated int64
	Moved    []target
	Slowest  []slow
}

// Write renders the crawl in db as one self-contained HTML page. The heading
// names the crawl, for example by its start URLs.
//
// It blocks for the queries and for w. When ctx is done during the queries it
// stops and returns the context's error; other errors come from the database
// or from w. Nothing is written to w unless all queries succeed.
func Write(ctx context.Context, w io.Writer, db *sql.DB, heading string) error {
	var c content
	if err := snapshot(ctx, db, func(tx *sql.Tx) (err error) {
		c, err = gather(ctx, tx)
		return err
	}); err != nil {
		return err
	}
	c.Heading = heading
	var b bytes.Buffer
	if err := page.Execute(&b, c); err != nil {
		return err
	}
	_, err := b.WriteTo(w)
	return err
}

func gather(ctx context.Context, tx *sql.Tx) (c content, err error) {
	if c.Summary, err = summarize(ctx, tx); err != nil {
		return c, err
	}
	if c.Broken, err = targets(ctx, tx, brokenPages, mostBroken); err != nil {
		return c, err
	}
	if c.Outdated, err = number(ctx, tx, `SELECT count(*) FROM pages WHERE `+outdatedPages); err != nil {
		return c, err
	}
	if c.Moved, err = targets(ctx, tx, outdatedPages, mostRedirects); err != nil {
		return c, err
	}
	if c.Slowest, err = slowest(ctx, tx); err != nil {
		return c, err
	}
	c.Verdict = judge(c.Summary, c.Broken, c.Outdated)
	c.Elapsed = c.elapsed()
	c.Pictures, err = pictures(ctx, tx, c.Summary)
	return c, err
}

// linkable says whether a URL from a crawled page may become a link.
func linkable(url string) bool {
	if len(url) > mostURL {
		return false // cut short, leads elsewhere
	}
	return strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://")
}
