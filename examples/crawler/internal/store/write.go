package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// linkRows is how many links one statement inserts where there are that many.
const linkRows = 20

type statements struct {
	page, link, links, done, insert, find, move, setDepth, targets, redirect *sqlite.Stmt
}

// prepare readies the statements and reads where the file stands.
func (s *Store) prepare() error {
	const row = `(?, ?, ?)`
	for _, p := range []struct {
		stmt **sqlite.Stmt
		sql  string
	}{
		{&s.stmt.page, `INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.stmt.link, `INSERT INTO links VALUES ` + row},
		{&s.stmt.links, `INSERT INTO links VALUES ` + strings.Repeat(row+`, `, linkRows-1) + row},
		{&s.stmt.done, `UPDATE frontier SET done = 1, first_link = ?, last_link = ? WHERE host = ? AND id = ?`},
		{&s.stmt.insert, `INSERT INTO frontier VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`},
		{&s.stmt.find, `SELECT depth, hops, host, id, done, first_link, last_link FROM frontier WHERE url = ?`},
		{&s.stmt.move, `UPDATE frontier SET id = ?, depth = ?, hops = ? WHERE url = ?`},
		{&s.stmt.setDepth, `UPDATE pages SET depth = ? WHERE url = ?`},
		{&s.stmt.targets, `SELECT "to" FROM links WHERE rowid BETWEEN ? AND ?`},
		{&s.stmt.redirect, `SELECT redirect FROM pages WHERE url = ?`},
	} {
		var err error
		if *p.stmt, err = s.conn.Prepare(p.sql); err != nil {
			return err
		}
	}
	return sqlitex.Execute(s.conn, `SELECT
		(SELECT coalesce(max(id), 0) + 1 FROM frontier),
		(SELECT coalesce(max(rowid), 0) + 1 FROM links),
		(SELECT count(*) FROM frontier WHERE `+s.eligible()+`),
		(SELECT count(*) FROM pages)`, &sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error {
		s.nextID, s.nextLink = row.ColumnInt64(0), row.ColumnInt64(1)
		s.pending, s.pages = row.ColumnInt64(2), row.ColumnInt64(3)
		return nil
	}})
}

// run executes a statement that returns no rows. Integers and text are all that
// the tables have.
func run(stmt *sqlite.Stmt, args ...any) error {
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			stmt.BindText(i+1, arg)
		case int64:
			stmt.BindInt64(i+1, arg)
		case bool:
			stmt.BindBool(i+1, arg)
		}
	}
	_, err := stmt.Step()
	return errors.Join(err, stmt.Reset())
}

// transaction ends the file's part in the crawl if it fails: what it had begun
// is undone.
func (s *Store) transaction(fn func() error) (err error) {
	end, err := sqlitex.ImmediateTransaction(s.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	return fn()
}

// Write records pages, each of whose jobs came from [Store.Next], in one
// transaction. It returns the hosts for which it has found something new to
// crawl. After an error the store must only be closed.
func (s *Store) Write(ctx context.Context, pages []*Page) (hosts []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.transaction(func() error {
		for _, p := range pages {
			if err := s.write(p); err != nil {
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

func (s *Store) write(p *Page) error {
	at, ok := s.known.get(p.Job.URL)
	if !ok {
		row, _, err := s.find(p.Job.URL)
		if err != nil {
			return err
		}
		at = row.spot
	}
	if err := s.insertPage(p, at.depth); err != nil {
		return err
	}
	first := s.nextLink
	if err := s.insertLinks(p.Job.URL, p.Links); err != nil {
		return err
	}
	if err := run(s.stmt.done, first, s.nextLink-1, HostOf(p.Job.URL), p.Job.ID); err != nil {
		return err
	}
	s.pending--

	for _, l := range p.Links {
		var err error
		if next := (spot{at.depth + 1, 0}); l.Invalid {
			err = s.discoverInvalid(l.To, next, p.Time)
		} else {
			err = s.discover(l.To, next)
		}
		if err != nil {
			return err
		}
	}
	if p.Redirect == "" {
		return nil
	}
	return s.discover(p.Redirect, spot{at.depth, at.hops + 1})
}

func (s *Store) insertPage(p *Page, depth int32) error {
	s.pages++
	return run(s.stmt.page, p.Job.URL, int64(p.Status), p.ContentType, p.Size, p.Title, int64(depth),
		p.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), p.Latency.Microseconds(), int64(p.Attempts),
		p.Error, string(p.Kind), p.Redirect, p.Job.External)
}

func (s *Store) insertLinks(from string, links []Link) error {
	s.nextLink += int64(len(links))
	for len(links) > 0 {
		n, stmt := 1, s.stmt.link
		if len(links) >= linkRows {
			n, stmt = linkRows, s.stmt.links
		}
		for i, l := range links[:n] {
			stmt.BindText(3*i+1, from)
			stmt.BindText(3*i+2, l.To)
			stmt.BindText(3*i+3, l.Text)
		}
		if err := run(stmt); err != nil {
			return err
		}
		links = links[n:]
	}
	return nil
}

// discover puts url into the frontier, or brings it nearer if it is there.
func (s *Store) discover(url string, at spot) error {
	if at.hops > int32(s.limits.Hops) {
		return nil
	}
	if known, ok := s.known.get(url); ok {
		if known.covers(at) {
			return nil
		}
		return s.bringNearer(url, at)
	}
	host := HostOf(url)
	external := !s.limits.Sites[host]
	if external && !s.limits.External {
		s.known.put(url, leftOut)
		return nil
	}
	if isNew, err := s.insert(url, host, at, external, false); !isNew || err != nil {
		return errors.Join(err, s.bringNearer(url, at))
	}
	if s.within(at.depth) {
		s.pending++
		s.woken[host] = struct{}{}
	}
	return nil
}

// discoverInvalid records a reference that is not a URL as a page of its own,
// so that it is among the broken ones.
func (s *Store) discoverInvalid(reference string, at spot, now time.Time) error {
	if known, ok := s.known.get(reference); ok && known.covers(at) {
		return nil
	}
	isNew, err := s.insert(reference, "", at, false, true)
	if err != nil {
		return err
	}
	if !isNew {
		return s.bringNearer(reference, at)
	}
	return s.insertPage(&Page{
		Job: Job{URL: reference}, Time: now, Kind: URL, Error: "not a valid URL",
	}, at.depth)
}

func (s *Store) insert(url, host string, at spot, external, done bool) (isNew bool, err error) {
	err = run(s.stmt.insert, host, s.nextID, url, int64(at.depth), int64(at.hops), external, done)
	if err != nil || s.conn.Changes() == 0 {
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
	id          int64
	done        bool
	first, last int64 // rowids of its links
}

// find returns the row of url, if there is one.
func (s *Store) find(url string) (row frontierRow, ok bool, err error) {
	stmt := s.stmt.find
	stmt.BindText(1, url)
	if ok, err = stmt.Step(); ok {
		row = frontierRow{
			spot:  spot{stmt.ColumnInt32(0), stmt.ColumnInt32(1)},
			host:  stmt.ColumnText(2),
			id:    stmt.ColumnInt64(3),
			done:  stmt.ColumnBool(4),
			first: stmt.ColumnInt64(5),
			last:  stmt.ColumnInt64(6),
		}
	}
	return row, ok, errors.Join(err, stmt.Reset())
}

// bringNearer takes note of a shorter way to a URL of the frontier, and carries
// it on to what the URL refers to if that is known.
//
// First in, first out: a way that is carried on at once would reach most URLs by
// detours, and each again for every detour that is shorter.
func (s *Store) bringNearer(url string, at spot) error {
	queue, err := s.move(nil, url, at)
	for err == nil && len(queue) > 0 {
		next := queue[0]
		queue, err = s.carryOn(queue[1:], next)
	}
	return err
}

// move takes note of a shorter way to url, and appends it to queue if what it
// refers to comes nearer too.
func (s *Store) move(queue []string, url string, at spot) ([]string, error) {
	if known, ok := s.known.get(url); ok && known.covers(at) {
		return queue, nil
	}
	row, ok, err := s.find(url)
	if err != nil || !ok { // not ok: a link that is left out
		return queue, err
	}
	if row.covers(at) {
		s.known.put(url, row.spot)
		return queue, nil
	}
	was := row.spot
	row.spot = spot{min(row.depth, at.depth), min(row.hops, at.hops)}
	s.known.put(url, row.spot)
	if !row.done && !s.within(was.depth) && s.within(row.depth) {
		// It has come within the limits: it goes to the end of the frontier,
		// where Next will meet it.
		row.id = s.nextID
		s.nextID++
		s.pending++
		s.woken[row.host] = struct{}{}
	}
	if err := run(s.stmt.move, row.id, int64(row.depth), int64(row.hops), url); err != nil || !row.done {
		return queue, err
	}
	return append(queue, url), run(s.stmt.setDepth, int64(row.depth), url)
}

// carryOn brings what url refers to as near as url is now.
func (s *Store) carryOn(queue []string, url string) ([]string, error) {
	row, _, err := s.find(url)
	if err != nil {
		return nil, err
	}
	targets, redirect, err := s.targets(url, row)
	if err != nil {
		return nil, err
	}
	for _, target := range targets {
		if queue, err = s.move(queue, target, spot{row.depth + 1, 0}); err != nil {
			return nil, err
		}
	}
	if redirect == "" {
		return queue, nil
	}
	// It may have been too many redirects away to be in the frontier.
	return queue, s.discover(redirect, spot{row.depth, row.hops + 1})
}

// targets returns what a URL that is done refers to.
func (s *Store) targets(url string, row frontierRow) (links []string, redirect string, err error) {
	stmt := s.stmt.redirect
	stmt.BindText(1, url)
	ok, err := stmt.Step()
	if ok {
		redirect = stmt.ColumnText(0)
	}
	if err := errors.Join(err, stmt.Reset()); err != nil {
		return nil, "", err
	}
	stmt = s.stmt.targets
	stmt.BindInt64(1, row.first)
	stmt.BindInt64(2, row.last)
	for ok, err = stmt.Step(); ok; ok, err = stmt.Step() {
		links = append(links, stmt.ColumnText(0))
	}
	return links, redirect, errors.Join(err, stmt.Reset())
}
