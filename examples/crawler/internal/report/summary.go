package report

import (
	"context"
	"database/sql"
	"time"
)

// pause is the longest wait between two consecutive pages that counts in
// full as active time.
const pause = 5 * time.Second

// Count is a number of pages that have something in common.
type Count struct {
	Name  string // a status code, "0" when no answer came, or an error kind
	Pages int64
}

// Summary is the headline of a crawl. Pages that robots.txt disallows count
// in Robots and nowhere else: they were never fetched.
type Summary struct {
	Start, End time.Time // first and last recorded page; zero without pages

	// Active is the time spent crawling: the first page's latency and the
	// waits between consecutive pages. Any of them longer than five seconds
	// counts as five seconds, so the hour between an interrupted crawl and
	// its resumption does not count, and a crawl that is slow on purpose
	// still has a rate.
	Active    time.Duration
	PerSecond float64 // Pages by Active; 0 when Active is 0

	Pages    int64
	External int64 // of Pages: off-site, only checked
	Robots   int64
	Bytes    int64 // bodies after decompression
	Retries  int64 // attempts after the first

	BrokenLinks    int64 // distinct broken URLs
	BrokenExternal int64 // of BrokenLinks: off-site
	References     int64 // links that lead to a broken URL
	Redirects      int64 // pages that answer with a redirect

	// P50 and P99 are latencies by nearest rank over the site's own pages
	// that answered; other people's servers say nothing about this site.
	P50, P99 time.Duration

	Statuses []Count // by status code, ascending
	Errors   []Count // by error kind, most frequent first
}

// Summarize computes the headline of the crawl in db, from one consistent
// state of it.
//
// It blocks for the queries, which read every page once or twice. When ctx is
// done it stops and returns the context's error; other errors come from the
// database.
func Summarize(ctx context.Context, db *sql.DB) (Summary, error) {
	var s Summary
	err := snapshot(ctx, db, func(tx *sql.Tx) (err error) {
		s, err = summarize(ctx, tx)
		return err
	})
	return s, err
}

// snapshot runs read in one read-only transaction, so that all figures agree
// although a crawl may still be writing.
func snapshot(ctx context.Context, db *sql.DB, read func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = read(tx)
		_ = tx.Rollback() // nothing to keep
	}
	// a driver may report the interruption instead of its cause
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

const totals = `
SELECT count(*), coalesce(sum(external), 0), coalesce(sum(size), 0),
	coalesce(sum(max(attempts - 1, 0)), 0),
	coalesce(sum(error_kind <> ''), 0), coalesce(sum(error_kind <> '' AND external), 0),
	coalesce(sum(redirect <> ''), 0),
	coalesce(min(time), ''), coalesce(max(time), '')
FROM pages WHERE error_kind <> 'robots'`

func summarize(ctx context.Context, tx *sql.Tx) (s Summary, err error) {
	var start, end string
	if err = tx.QueryRowContext(ctx, totals).Scan(&s.Pages, &s.External, &s.Bytes, &s.Retries,
		&s.BrokenLinks, &s.BrokenExternal, &s.Redirects, &start, &end); err != nil {
		return Summary{}, err
	}
	if s.Pages > 0 {
		if s.Start, err = time.Parse(time.RFC3339Nano, start); err != nil {
			return Summary{}, err
		}
		if s.End, err = time.Parse(time.RFC3339Nano, end); err != nil {
			return Summary{}, err
		}
	}
	if s.Robots, err = number(ctx, tx, `SELECT count(*) FROM pages WHERE error_kind = 'robots'`); err != nil {
		return Summary{}, err
	}
	if s.References, err = number(ctx, tx, `
		SELECT count(*) FROM links
		WHERE "to" IN (SELECT url FROM pages WHERE error_kind NOT IN ('', 'robots'))`); err != nil {
		return Summary{}, err
	}
	active, err := number(ctx, tx, timeline+`SELECT coalesce(max(active), 0) FROM clock`)
	if err != nil {
		return Summary{}, err
	}
	s.Active = time.Duration(active) * time.Microsecond
	if active > 0 {
		s.PerSecond = float64(s.Pages) / s.Active.Seconds()
	}
	if s.P50, s.P99, err = percentiles(ctx, tx); err != nil {
		return Summary{}, err
	}
	if s.Statuses, err = counts(ctx, tx, `
		SELECT status, count(*) FROM pages WHERE error_kind <> 'robots'
		GROUP BY status ORDER BY status`); err != nil {
		return Summary{}, err
	}
	s.Errors, err = counts(ctx, tx, `
		SELECT error_kind, count(*) AS n FROM pages WHERE error_kind NOT IN ('', 'robots')
		GROUP BY error_kind ORDER BY n DESC, error_kind`)
	return s, err
}

// number answers a query for one integer.
func number(ctx context.Context, tx *sql.Tx, query string, args ...any) (n int64, err error) {
	err = tx.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// answered selects the pages whose latency counts.
const answered = ` FROM pages WHERE status > 0 AND external = 0 AND error_kind <> 'robots' `

func percentiles(ctx context.Context, tx *sql.Tx) (p50, p99 time.Duration, err error) {
	n, err := number(ctx, tx, `SELECT count(*)`+answered)
	if err != nil || n == 0 {
		return 0, 0, err
	}
	rank := func(percent int64) time.Duration {
		if err != nil {
			return 0
		}
		var us int64
		us, err = number(ctx, tx, `SELECT latency_us`+answered+`ORDER BY latency_us LIMIT 1 OFFSET ?`,
			(n*percent+99)/100-1)
		return time.Duration(us) * time.Microsecond
	}
	return rank(50), rank(99), err
}

func counts(ctx context.Context, tx *sql.Tx, query string) (list []Count, err error) {
	err = each(ctx, tx, query, func(rows *sql.Rows) error {
		var c Count
		list = append(list, c)
		return rows.Scan(&list[len(list)-1].Name, &list[len(list)-1].Pages)
	})
	return list, err
}

// each calls scan for every row of a query.
func each(ctx context.Context, tx *sql.Tx, query string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
