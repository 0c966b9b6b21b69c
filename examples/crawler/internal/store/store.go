// Package store keeps a crawl in a SQLite file: its result, and its frontier,
// so that a crawl that was killed at any moment goes on from what it had
// recorded.
//
// A page, its links and what they add to the frontier are written in one
// transaction. The frontier lives in the file alone: however many links the
// pages have, memory stays bounded and nobody waits for room in it.
//
// The depth of a page is the length of the shortest way to it among all pages
// found, not of the way it happened to be found by. When a shorter way turns
// up, it is carried on to what the page refers to. So the pages within a depth
// are the same however the answers came in, and however often the crawl was
// killed and resumed.
//
// [Store.Write] and what it changes belong to one goroutine; the other methods
// are safe for concurrent use with it.
package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

//go:embed schema.sql
var schema string

// ErrExists is returned by Create for a file that holds a crawl already.
var ErrExists = errors.New("the file holds a crawl already")

// A Page is one row of pages, with the links that were found on it.
type Page struct {
	Job         Job
	Status      int
	ContentType string
	Size        int64
	Title       string
	Time        time.Time
	Latency     time.Duration
	Attempts    int
	Error       string
	Kind        Kind
	Redirect    string // normalised
	Links       []Link
}

// Kind is a class of errors; ” is none.
type Kind string

// The kinds of errors, as they stand in the column error_kind.
const (
	HTTP       Kind = "http"       // the answer has a status of 400 or above
	Timeout    Kind = "timeout"    // no complete answer in time
	DNS        Kind = "dns"        // the host's name was not found
	Connection Kind = "connection" // refused, reset, or not HTTP
	TLS        Kind = "tls"        // no trusted encryption
	Redirect   Kind = "redirect"   // leads nowhere, or to a broken page
	Size       Kind = "size"       // the body does not end
	Content    Kind = "content"    // the body is not what its type says
	URL        Kind = "url"        // the reference is not a URL
	Robots     Kind = "robots"     // disallowed by robots.txt
)

// A Link is a reference on a page.
type Link struct {
	To, Text string
	Invalid  bool // To is not a URL: it becomes a row of pages without being asked for
}

// A Job is a URL of the frontier.
type Job struct {
	ID       int64
	URL      string
	External bool
}

// Limits bound the crawl. What they leave out is recorded as a link and no more.
type Limits struct {
	Sites    map[string]bool // the hosts whose pages are read
	External bool            // check what is on other hosts
	Depth    int             // links from a start page; negative: no bound
	Hops     int             // redirects in a row
}

// Store is an open file.
//
// Invariants:
//   - pending is the number of rows of the frontier that are within the limits
//     and not done.
//   - known agrees with the frontier for every URL that is in it, or says that
//     the URL is left out.
//   - Links of one page have rowids without a gap, of which nextLink is the next.
type Store struct {
	db     *sql.DB
	limits Limits

	// Of the goroutine that writes.
	conn     *sql.Conn
	stmt     statements
	known    cache
	nextID   int64
	nextLink int64
	pending  int64
	pages    int64
	woken    map[string]struct{} // hosts that the current Write has found work for
}

// Create makes a new file at path for a crawl that starts at the given URLs. It
// returns an error that matches [ErrExists] if the file holds a crawl.
func Create(ctx context.Context, path string, limits Limits, seeds []string, settings map[string]string) (*Store, error) {
	s, err := open(ctx, path, limits)
	if err != nil {
		return nil, err
	}
	return s.orClose(s.create(ctx, seeds, settings))
}

func (s *Store) create(ctx context.Context, seeds []string, settings map[string]string) error {
	var tables int
	if err := s.conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		return ErrExists
	}
	// Both stay with the file. Large pages suit tables that are appended to;
	// write-ahead logging lets the frontier be read while pages are written.
	if _, err := s.conn.ExecContext(ctx, `PRAGMA page_size = 16384; PRAGMA journal_mode = wal`); err != nil {
		return err
	}
	return s.transaction(ctx, func() error {
		if _, err := s.conn.ExecContext(ctx, schema); err != nil {
			return err
		}
		for key, value := range settings {
			if _, err := s.conn.ExecContext(ctx, `INSERT INTO crawl VALUES (?, ?)`, key, value); err != nil {
				return err
			}
		}
		if err := s.prepare(ctx); err != nil {
			return err
		}
		for _, seed := range seeds {
			if err := s.discover(ctx, seed, spot{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Settings returns what the crawl in the file at path was created with.
func Settings(ctx context.Context, path string) (map[string]string, error) {
	s, err := open(ctx, path, Limits{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	rows, err := s.conn.QueryContext(ctx, `SELECT key, value FROM crawl`)
	if err != nil {
		return nil, fmt.Errorf("not the file of a crawl: %w", err)
	}
	defer rows.Close()
	settings := map[string]string{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, err
		}
		settings[key] = value
	}
	return settings, rows.Err()
}

// Resume opens the file of a crawl that was begun with [Create].
func Resume(ctx context.Context, path string, limits Limits) (*Store, error) {
	s, err := open(ctx, path, limits)
	if err != nil {
		return nil, err
	}
	return s.orClose(s.prepare(ctx))
}

func open(ctx context.Context, path string, limits Limits) (*Store, error) {
	// With synchronous=normal a killed process loses nothing that was
	// committed; only a machine that loses power can lose the last commits.
	name := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=synchronous(normal)&_pragma=cache_size(-8000)"
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &Store{db: db, conn: conn, limits: limits, known: newCache(), woken: map[string]struct{}{}}, nil
}

func (s *Store) orClose(err error) (*Store, error) {
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error {
	return errors.Join(s.conn.Close(), s.db.Close())
}

// DB is the file, for reading.
func (s *Store) DB() *sql.DB { return s.db }

// Pending returns how many URLs are known that are within the limits and not
// done. It belongs to the goroutine that writes.
func (s *Store) Pending() int64 { return s.pending }

// Pages returns how many rows pages has. It belongs to the goroutine that
// writes.
func (s *Store) Pages() int64 { return s.pages }

// Hosts returns the hosts for which there is something to crawl.
func (s *Store) Hosts(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT DISTINCT host FROM frontier WHERE `+s.eligible())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var hosts []string
	for rows.Next() {
		var host string
		if err := rows.Scan(&host); err != nil {
			return nil, err
		}
		hosts = append(hosts, host)
	}
	return hosts, rows.Err()
}

// Next appends to jobs the next URLs of host to crawl, at most n, in the order
// of the frontier and from behind the job with the ID after. No committed job
// is passed over by a caller that goes on from the last it got.
func (s *Store) Next(ctx context.Context, host string, after int64, n int, jobs []Job) ([]Job, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, url, external FROM frontier
		WHERE host = ? AND id > ? AND `+s.eligible()+` ORDER BY id LIMIT ?`, host, after, n)
	if err != nil {
		return jobs, err
	}
	defer rows.Close()
	for rows.Next() {
		var j Job
		if err := rows.Scan(&j.ID, &j.URL, &j.External); err != nil {
			return jobs, err
		}
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}

// eligible is the condition for a row of the frontier to be crawled.
func (s *Store) eligible() string {
	if s.limits.Depth < 0 {
		return `NOT done`
	}
	return fmt.Sprintf(`NOT done AND depth <= %d`, s.limits.Depth)
}

func (s *Store) within(depth int32) bool { return s.limits.Depth < 0 || int(depth) <= s.limits.Depth }

// HostOf returns the host and port of a normalised URL.
func HostOf(normalised string) string {
	_, host, _ := strings.Cut(normalised, "//")
	if end := strings.IndexAny(host, "/?"); end >= 0 {
		host = host[:end]
	}
	return host
}
