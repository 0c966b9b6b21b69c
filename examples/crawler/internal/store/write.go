package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// linkRows is how many links one statement inserts where there are that many.
const linkRows = 20

type statements struct {
	page, link, links, done, insert, find, move, setDepth, targets, redirect *sql.Stmt
}

// prepare readies the statements and reads where the file stands.
func (s *Store) prepare(ctx context.Context) error {
	const row = `(?, ?, ?)`
	for _, p := range []struct {
		stmt **sql.Stmt
		sql  string
	}{
		{&s.stmt.page, `INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.stmt.link, `INSERT INTO links VALUES ` + row},
		{&s.stmt.links, `INSERT INTO links VALUES ` + strings.Repeat(row+`, `, linkRows-1) + row},
		{&s.stmt.done, `UPDATE frontier SET done = 1, first_link = ?, last_link = ? WHERE id = ?`},
		{&s.stmt.insert, `INSERT INTO frontier VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`},
		{&s.stmt.find, `SELECT depth, hops, host, done, first_link, last_link FROM frontier WHERE url = ?`},
		{&s.stmt.move, `UPDATE frontier SET id = coalesce(?, id), depth = ?, hops = ? WHERE url = ?`},
		{&s.stmt.setDepth, `UPDATE pages SET depth = ? WHERE url = ?`},
		{&s.stmt.targets, `SELECT "to" FROM links WHERE rowid BETWEEN ? AND ?`},
		{&s.stmt.redirect, `SELECT redirect FROM pages WHERE url = ?`},
	} {
		var err error
		if *p.stmt, err = s.conn.PrepareContext(ctx, p.sql); err != nil {
			return err
		}
	}
	return s.conn.QueryRowContext(ctx, `SELECT
		(SELECT coalesce(max(id), 0) + 1 FROM frontier),
		(SELECT coalesce(max(rowid), 0) + 1 FROM links),
		(SELECT count(*) FROM frontier WHERE `+s.eligible()+`),
		(SELECT count(*) FROM pages)`).Scan(&s.nextID, &s.nextLink, &s.pending, &s.pages)
}

func (s *Store) transaction(ctx context.Context, fn func() error) error {
	if _, err := s.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	if err := fn(); err != nil {
		// The crawl ends with err; what was begun is undone when the
		// connection closes, at the latest.
		_, rollback := s.conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		return errors.Join(err, rollback)
	}
	_, err := s.conn.ExecContext(ctx, `COMMIT`)
	return err
}

// Write records pages, each of whose jobs came from [Store.Next], in one
// transaction. It returns the hosts for which it has found something new to
// crawl. After an error the store must only be closed.
func (s *Store) Write(ctx context.Context, pages []*Page) (hosts []string, err error) {
	err = s.transaction(ctx, func() error {
		for _, p := range pages {
			if err := s.write(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
	for host := range s.woken {
		hosts = append(hosts, host)
	}
	clear(s.woken)
	return hosts, err
}

func (s *Store) write(ctx context.Context, p *Page) error {
	at, ok := s.known.get(p.Job.URL)
	if !ok {
		row, err := s.find(ctx, p.Job.URL)
		if err != nil {
			return err
		}
		at = row.spot
	}
	if err := s.insertPage(ctx, p, at.depth); err != nil {
		return err
	}
	first := s.nextLink
	if err := s.insertLinks(ctx, p.Job.URL, p.Links); err != nil {
		return err
	}
	if _, err := s.stmt.done.ExecContext(ctx, first, s.nextLink-1, p.Job.ID); err != nil {
		return err
	}
	s.pending--

	for _, l := range p.Links {
		var err error
		if next := (spot{at.depth + 1, 0}); l.Invalid {
			err = s.discoverInvalid(ctx, l.To, next, p.Time)
		} else {
			err = s.discover(ctx, l.To, next)
		}
		if err != nil {
			return err
		}
	}
	if p.Redirect == "" {
		return nil
	}
	return s.discover(ctx, p.Redirect, spot{at.depth, at.hops + 1})
}

func (s *Store) insertPage(ctx context.Context, p *Page, depth int32) error {
	_, err := s.stmt.page.ExecContext(ctx, p.Job.URL, p.Status, p.ContentType, p.Size, p.Title, depth,
		p.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), p.Latency.Microseconds(), p.Attempts,
		p.Error, string(p.Kind), p.Redirect, p.Job.External)
	s.pages++
	return err
}

func (s *Store) insertLinks(ctx context.Context, from string, links []Link) error {
	s.nextLink += int64(len(links))
	var args [3 * linkRows]any
	for len(links) > 0 {
		n, stmt := 1, s.stmt.link
		if len(links) >= linkRows {
			n, stmt = linkRows, s.stmt.links
		}
		for i, l := range links[:n] {
			args[3*i], args[3*i+1], args[3*i+2] = from, l.To, l.Text
		}
		if _, err := stmt.ExecContext(ctx, args[:3*n]...); err != nil {
			return err
		}
		links = links[n:]
	}
	return nil
}

// discover puts url into the frontier, or brings it nearer if it is there.
func (s *Store) discover(ctx context.Context, url string, at spot) error {
	if at.hops > int32(s.limits.Hops) {
		return nil
	}
	if known, ok := s.known.get(url); ok {
		if known.covers(at) {
			return nil
		}
		return s.bringNearer(ctx, url, at)
	}
	host := HostOf(url)
	external := !s.limits.Sites[host]
	if external && !s.limits.External {
		s.known.put(url, leftOut)
		return nil
	}
	if isNew, err := s.insert(ctx, url, host, at, external, false); !isNew || err != nil {
		return errors.Join(err, s.bringNearer(ctx, url, at))
	}
	if s.within(at.depth) {
		s.pending++
		s.woken[host] = struct{}{}
	}
	return nil
}

// discoverInvalid records a reference that is not a URL as a page of its own,
// so that it is among the broken ones.
func (s *Store) discoverInvalid(ctx context.Context, reference string, at spot, now time.Time) error {
	if known, ok := s.known.get(reference); ok && known.covers(at) {
		return nil
	}
	isNew, err := s.insert(ctx, reference, "", at, false, true)
	if err != nil {
		return err
	}
	if !isNew {
		return s.bringNearer(ctx, reference, at)
	}
	return s.insertPage(ctx, &Page{
		Job: Job{URL: reference}, Time: now, Kind: URL, Error: "not a valid URL",
	}, at.depth)
}

func (s *Store) insert(ctx context.Context, url, host string, at spot, external, done bool) (isNew bool, err error) {
	result, err := s.stmt.insert.ExecContext(ctx, s.nextID, url, host, at.depth, at.hops, external, done)
	if err != nil {
		return false, err
	}
	if n, err := result.RowsAffected(); n == 0 || err != nil {
		return false, err
	}
	s.nextID++
	s.known.put(url, at)
	return true, nil
}

// frontierRow is what the frontier has of a URL.
type frontierRow struct {
	spot
	host        string
	done        bool
	first, last int64 // rowids of its links
}

func (s *Store) find(ctx context.Context, url string) (row frontierRow, err error) {
	err = s.stmt.find.QueryRowContext(ctx, url).
		Scan(&row.depth, &row.hops, &row.host, &row.done, &row.first, &row.last)
	return row, err
}

// bringNearer takes note of a shorter way to a URL of the frontier, and carries
// it on to what the URL refers to if that is known.
func (s *Store) bringNearer(ctx context.Context, url string, at spot) error {
	row, err := s.find(ctx, url)
	if err == sql.ErrNoRows {
		return nil // a link that is left out
	}
	if err != nil {
		return err
	}
	if row.covers(at) {
		s.known.put(url, row.spot)
		return nil
	}
	was := row.spot
	row.spot = spot{min(row.depth, at.depth), min(row.hops, at.hops)}
	s.known.put(url, row.spot)
	if !row.done {
		// Something that has come within the limits goes to the end of the
		// frontier, where Next will meet it.
		var moved any // NULL: keep the id
		if !s.within(was.depth) && s.within(row.depth) {
			moved = s.nextID
			s.nextID++
			s.pending++
			s.woken[row.host] = struct{}{}
		}
		_, err := s.stmt.move.ExecContext(ctx, moved, row.depth, row.hops, url)
		return err
	}
	if _, err := s.stmt.move.ExecContext(ctx, nil, row.depth, row.hops, url); err != nil {
		return err
	}
	if _, err := s.stmt.setDepth.ExecContext(ctx, row.depth, url); err != nil {
		return err
	}
	targets, redirect, err := s.targets(ctx, url, row)
	if err != nil {
		return err
	}
	for _, target := range targets {
		if err := s.bringNearer(ctx, target, spot{row.depth + 1, 0}); err != nil {
			return err
		}
	}
	if redirect == "" {
		return nil
	}
	// It may have been too many redirects away to be in the frontier.
	return s.discover(ctx, redirect, spot{row.depth, row.hops + 1})
}

// targets returns what a URL that is done refers to.
func (s *Store) targets(ctx context.Context, url string, row frontierRow) (links []string, redirect string, err error) {
	if err := s.stmt.redirect.QueryRowContext(ctx, url).Scan(&redirect); err != nil {
		return nil, "", err
	}
	rows, err := s.stmt.targets.QueryContext(ctx, row.first, row.last)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	for rows.Next() {
		var to string
		if err := rows.Scan(&to); err != nil {
			return nil, "", err
		}
		links = append(links, to)
	}
	return links, redirect, rows.Err()
}
