package store

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite/sqlitex"
)

// Finish completes the result once a crawl has ended or was stopped: it follows
// the redirects to where they lead, so that one that leads to a broken page, or
// nowhere, has an error of its own. Resuming the crawl and finishing again is
// fine.
func (s *Store) Finish(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.transaction(func() error {
		// What an earlier Finish found may no longer hold.
		if err := sqlitex.Execute(s.conn, `UPDATE pages SET error = '', error_kind = ''
			WHERE error_kind = 'redirect' AND redirect <> ''`, nil); err != nil {
			return err
		}
		// One at a time, each from behind the last, so that no cursor is open
		// while the rows change and memory does not grow with them.
		next := s.conn.Prep(`SELECT url, redirect FROM pages WHERE url > ? AND redirect <> '' ORDER BY url LIMIT 1`)
		mark := s.conn.Prep(`UPDATE pages SET error = ?, error_kind = 'redirect' WHERE url = ?`)
		for url := ""; ; {
			next.BindText(1, url)
			ok, err := next.Step()
			var to string
			if ok {
				url, to = next.ColumnText(0), next.ColumnText(1)
			}
			if err := errors.Join(err, next.Reset()); err != nil || !ok {
				return err
			}
			problem, err := s.follow(url, to)
			if err == nil && problem != "" {
				err = run(mark, problem, url)
			}
			if err != nil {
				return err
			}
		}
	})
}

// Index makes it quick to find who refers to a page, if there is any that
// somebody would ask it of. It reads all links.
func (s *Store) Index(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	wanted, err := sqlitex.ResultInt64(s.conn.Prep(
		`SELECT EXISTS (SELECT 1 FROM pages WHERE error_kind NOT IN ('', 'robots') OR redirect <> '')`))
	if err != nil || wanted == 0 {
		return err
	}
	return sqlitex.Execute(s.conn, `CREATE INDEX IF NOT EXISTS links_to ON links ("to")`, nil)
}

// follow returns what is wrong with where the redirect of url to another leads.
func (s *Store) follow(url, to string) (problem string, err error) {
	page := s.conn.Prep(`SELECT redirect, error, error_kind FROM pages WHERE url = ?`)
	seen := map[string]bool{url: true}
	for {
		if seen[to] {
			return "redirect loop through " + to, nil
		}
		if len(seen) > s.limits.Hops {
			return fmt.Sprintf("more than %d redirects", s.limits.Hops), nil
		}
		seen[to] = true
		page.BindText(1, to)
		ok, err := page.Step()
		var further, broken string
		var kind Kind
		if ok {
			further, broken, kind = page.ColumnText(0), page.ColumnText(1), Kind(page.ColumnText(2))
		}
		if err := errors.Join(err, page.Reset()); err != nil || !ok {
			return "", err // not ok: not part of the crawl, or not done yet
		}
		if further == "" {
			if kind == "" || kind == Robots {
				return "", nil
			}
			return fmt.Sprintf("redirects to %s: %s", to, broken), nil
		}
		to = further
	}
}
