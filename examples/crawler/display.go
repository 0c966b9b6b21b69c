package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/interleave-go/interleave/examples/crawler/internal/crawl"
)

// display shows how far the crawl is: a bar on a terminal, else a line now and
// then.
type display struct {
	w    io.Writer
	bar  *progressbar.ProgressBar // nil: lines
	last time.Time                // of the last line
	show bool
}

func newDisplay(o *options, stderr io.Writer) *display {
	d := &display{w: stderr, show: !o.quiet, last: time.Now()}
	if f, ok := stderr.(*os.File); ok && d.show && term.IsTerminal(int(f.Fd())) {
		d.bar = progressbar.NewOptions64(1,
			progressbar.OptionSetWriter(stderr),
			progressbar.OptionSetDescription("crawling"),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("pages"),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(false), // the total grows on the way
			progressbar.OptionClearOnFinish(),
		)
	}
	return d
}

func (d *display) progress(p crawl.Progress) {
	switch {
	case !d.show:
	case d.bar != nil:
		d.bar.ChangeMax64(p.Pages + p.Pending + 1) // so that only end finishes it
		d.bar.Describe(fmt.Sprintf("crawling, %d errors", p.Failed))
		d.bar.Set64(p.Pages)
	case time.Since(d.last) >= time.Second:
		d.last = time.Now()
		fmt.Fprintf(d.w, "%d pages, %d to go, %d errors, %.1f MB\n",
			p.Pages, p.Pending, p.Failed, float64(p.Bytes)/1e6)
	}
}

func (d *display) end() {
	if d.bar != nil {
		d.bar.Finish()
	}
}

// brokenShown is how many broken links are printed.
const brokenShown = 10

func printBroken(ctx context.Context, w io.Writer, db *sql.DB) error {
	// One pass over the links: after an interruption there is no index yet, and
	// no time to make one.
	rows, err := db.QueryContext(ctx, `
		WITH broken AS (SELECT url, error FROM pages WHERE error_kind NOT IN ('', 'robots')),
		referred AS (
			SELECT "to", min("from") AS example, count(*) AS times FROM links
			WHERE "to" IN (SELECT url FROM broken) GROUP BY "to")
		SELECT url, error, coalesce(example, '(start page)'), coalesce(times, 0), count(*) OVER ()
		FROM broken LEFT JOIN referred ON "to" = url ORDER BY 4 DESC, url LIMIT ?`, brokenShown)
	if err != nil {
		return err
	}
	defer rows.Close()
	shown, total := 0, 0
	for rows.Next() {
		var to, problem, from string
		var references int
		if err := rows.Scan(&to, &problem, &from, &references, &total); err != nil {
			return err
		}
		if shown == 0 {
			fmt.Fprint(w, "\nBroken links\n")
		}
		shown++
		fmt.Fprintf(w, "  %s\n    %s, on %s", to, problem, from)
		if references > 1 {
			fmt.Fprintf(w, " and %d more", references-1)
		}
		fmt.Fprintln(w)
	}
	if total > shown {
		fmt.Fprintf(w, "  and %d more: see the view broken_links of -db FILE, or -report FILE\n", total-shown)
	}
	return rows.Err()
}
