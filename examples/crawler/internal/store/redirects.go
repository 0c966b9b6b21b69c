package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Finish completes the result once a crawl has ended or was stopped: it follows
// the redirects to where they lead, so that one that leads to a broken page, or
// nowhere, has an error of its own, and it readies the file for queries.
// Resuming the crawl and finishing again is fine.
func (s *Store) Finish(ctx context.Context) error {
	return s.transaction(ctx, func() error {
		for _, statement := range []string{
			// What an earlier Finish found may no longer hold.
			`UPDATE pages SET error = '', error_kind = '' WHERE error_kind = 'redirect' AND redirect <> ''`,
		} {
			if _, err := s.conn.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		next, err := s.conn.PrepareContext(ctx, `SELECT redirect, error, error_kind FROM pages WHERE url = ?`)
		if err != nil {
			return err
		}
		defer next.Close()
		for url := ""; ; {
			// One at a time, each from behind the last, so that no cursor is
			// open while the rows change and memory does not grow with them.
			var to string
			err := s.conn.QueryRowContext(ctx, `SELECT url, redirect FROM pages
				WHERE url > ? AND redirect <> '' ORDER BY url LIMIT 1`, url).Scan(&url, &to)
			if err == sql.ErrNoRows {
				return nil
			}
			if err != nil {
				return err
			}
			problem, err := s.follow(ctx, next, url, to)
			if err != nil {
				return err
			}
			if problem == "" {
				continue
			}
			if _, err := s.conn.ExecContext(ctx, `UPDATE pages SET error = ?, error_kind = 'redirect' WHERE url = ?`,
				problem, url); err != nil {
				return err
			}
		}
	})
}

// follow returns what is wrong with where the redirect of url to another leads.
func (s *Store) follow(ctx context.Context, next *sql.Stmt, url, to string) (problem string, err error) {
	seen := map[string]bool{url: true}
	for {
		if seen[to] {
			return "redirect loop through " + to, nil
		}
		if len(seen) > s.limits.Hops {
			return fmt.Sprintf("more than %d redirects", s.limits.Hops), nil
		}
		seen[to] = true
		var further, broken string
		var kind Kind
		err := next.QueryRowContext(ctx, to).Scan(&further, &broken, &kind)
		switch {
		case err == sql.ErrNoRows:
			return "", nil // not part of the crawl, or not done yet
		case err != nil:
			return "", err
		case further == "" && kind != "" && kind != Robots:
			return fmt.Sprintf("redirects to %s: %s", to, broken), nil
		case further == "":
			return "", nil
		}
		to = further
	}
}
