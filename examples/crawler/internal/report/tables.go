package report

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"
)

// The most rows a table of the page shows.
const (
	mostBroken    = 200
	mostRedirects = 50
	mostSlow      = 20
	mostReferrers = 20 // for each row of the others
)

// The most characters read of a string that a page made up.
const (
	mostURL  = 2048
	mostText = 300
)

// target is a URL that links should no longer lead to.
type target struct {
	row       int64
	URL       string
	Status    int
	Kind      string
	Error     string
	Redirect  string
	Attempts  int64
	External  bool
	Links     int64 // that lead here
	Referrers []referrer
}

// referrer is one link to a target.
type referrer struct{ From, Text string }

// More is the number of links that Referrers leaves out.
func (t target) More() int64 { return t.Links - int64(len(t.Referrers)) }

// Problem names what is wrong in a word or two.
func (t target) Problem() string {
	if t.Kind == "http" {
		return status(strconv.Itoa(t.Status))
	}
	return clip(t.Kind, 24)
}

// Detail is the error, unless Problem already says it.
func (t target) Detail() string {
	if t.Kind == "http" {
		return ""
	}
	return t.Error
}

// targets finds the pages that match where, most linked first, at most n of
// them, each with its first referrers.
func targets(ctx context.Context, tx *sql.Tx, where string, n int) ([]target, error) {
	var list []target
	err := each(ctx, tx, fmt.Sprintf(`
		SELECT rowid, substr(url, 1, %[1]d), status, error_kind, substr(error, 1, %[2]d),
			substr(redirect, 1, %[1]d), attempts, external,
			(SELECT count(*) FROM links WHERE "to" = url) AS links
		FROM pages WHERE %[3]s ORDER BY links DESC, external, url LIMIT %[4]d`,
		mostURL+1, mostText+1, where, n),
		func(rows *sql.Rows) error {
			var t target
			err := rows.Scan(&t.row, &t.URL, &t.Status, &t.Kind, &t.Error,
				&t.Redirect, &t.Attempts, &t.External, &t.Links)
			list = append(list, t)
			return err
		})
	if err != nil {
		return nil, err
	}
	for i := range list {
		t := &list[i]
		// in the order of discovery the index yields them unsorted and stops early
		err := each(ctx, tx, fmt.Sprintf(`
			SELECT substr("from", 1, %d), substr(text, 1, %d)
			FROM links WHERE "to" = (SELECT url FROM pages WHERE rowid = ?)
			ORDER BY rowid LIMIT %d`, mostURL+1, mostText+1, mostReferrers),
			func(rows *sql.Rows) error {
				var r referrer
				err := rows.Scan(&r.From, &r.Text)
				t.Referrers = append(t.Referrers, r)
				return err
			}, t.row)
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

const (
	brokenPages   = `error_kind NOT IN ('', 'robots')`
	outdatedPages = `status IN (301, 308) AND error_kind = '' AND EXISTS (SELECT 1 FROM links WHERE "to" = url)`
)

// slow is a page of the site that took long.
type slow struct {
	URL, Title string
	Status     int
	Bytes      int64
	Latency    time.Duration
	Share      float64 // of the slowest page's latency, in percent
}

func slowest(ctx context.Context, tx *sql.Tx) ([]slow, error) {
	var list []slow
	err := each(ctx, tx, fmt.Sprintf(`
		SELECT substr(url, 1, %d), substr(title, 1, %d), status, size, latency_us`+answered+`
		ORDER BY latency_us DESC, url LIMIT %d`, mostURL+1, mostText+1, mostSlow),
		func(rows *sql.Rows) error {
			var s slow
			var us int64
			err := rows.Scan(&s.URL, &s.Title, &s.Status, &s.Bytes, &us)
			s.Latency = time.Duration(us) * time.Microsecond
			list = append(list, s)
			return err
		})
	for i := range list {
		list[i].Share = 100 * float64(list[i].Latency) / float64(max(list[0].Latency, 1))
	}
	return list, err
}
