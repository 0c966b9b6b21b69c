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
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver of database/sql
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

//go:embed schema.sql
var schema string

var (
	// ErrExists is returned by Create for a file that is in use.
	ErrExists = errors.New("the file is not empty")
	// ErrEmpty is returned by Settings for a file in which nothing was begun.
	ErrEmpty = errors.New("the file is empty")
)

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
	limits Limits
	db     *sql.DB // for those who read the result

	mu     sync.Mutex // guards the connection that reads the frontier
	reader *sqlite.Conn

	// Of the goroutine that writes. It does not go through database/sql, which
	// takes about as long for a row of links as SQLite itself.
	conn     *sqlite.Conn
	stmt     statements
	known    cache
	nextID   int64
	nextLink int64
	pending  int64
	pages    int64
	woken    map[string]struct{} // hosts that the current Write has found work for
}

// Create makes a new file at path for a crawl that starts at the given URLs. It
// returns an error that matches [ErrExists] if there is something in the file.
func Create(ctx context.Context, path string, limits Limits, seeds []string, settings map[string]string) (*Store, error) {
	s, err := open(ctx, path, limits)
	if err != nil {
		return nil, err
	}
	return s.orClose(s.create(seeds, settings))
}

func (s *Store) create(seeds []string, settings map[string]string) error {
	switch empty, err := s.empty(); {
	case err != nil:
		return err
	case !empty:
		return ErrExists
	}
	// Both stay with the file. Large pages suit tables that are appended to;
	// write-ahead logging lets the frontier be read while pages are written.
	for _, pragma := range []string{`PRAGMA page_size = 16384`, `PRAGMA journal_mode = wal`} {
		if err := sqlitex.ExecuteTransient(s.conn, pragma, nil); err != nil {
			return err
		}
	}
	return s.transaction(func() error {
		if err := sqlitex.ExecuteScript(s.conn, schema, nil); err != nil {
			return err
		}
		for key, value := range settings {
			err := sqlitex.Execute(s.conn, `INSERT INTO crawl VALUES (?, ?)`, &sqlitex.ExecOptions{Args: []any{key, value}})
			if err != nil {
				return err
			}
		}
		if err := s.prepare(); err != nil {
			return err
		}
		for _, seed := range seeds {
			if err := s.discover(seed, spot{}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) empty() (bool, error) {
	tables, err := sqlitex.ResultInt64(s.conn.Prep(`SELECT count(*) FROM sqlite_schema`))
	return tables == 0, err
}

// Resume opens the file of a crawl that was begun with [Create].
func Resume(ctx context.Context, path string, limits Limits) (*Store, error) {
	s, err := open(ctx, path, limits)
	if err != nil {
		return nil, err
	}
	return s.orClose(s.prepare())
}

// Settings returns what the crawl in the file at path was created with.
func Settings(ctx context.Context, path string) (map[string]string, error) {
	s, err := open(ctx, path, Limits{})
	if err != nil {
		return nil, err
	}
	settings, err := s.settings()
	return settings, errors.Join(err, s.Close())
}

func (s *Store) settings() (map[string]string, error) {
	switch empty, err := s.empty(); {
	case err != nil:
		return nil, err
	case empty:
		return nil, ErrEmpty
	}
	settings := map[string]string{}
	err := sqlitex.Execute(s.conn, `SELECT key, value FROM crawl`, &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error {
			settings[row.ColumnText(0)] = row.ColumnText(1)
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("not the file of a crawl: %w", err)
	}
	return settings, nil
}

func open(ctx context.Context, path string, limits Limits) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Store{limits: limits, known: newCache(), woken: map[string]struct{}{}}
	for _, conn := range []**sqlite.Conn{&s.conn, &s.reader} {
		var err error
		if *conn, err = connect(path); err != nil {
			return s.orClose(err)
		}
	}
	var err error
	s.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(10000)")
	return s.orClose(err)
}

func connect(path string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(10 * time.Second)
	// With synchronous = normal a killed process loses nothing that was
	// committed; only a machine that loses power can lose the last commits.
	for _, pragma := range []string{`PRAGMA synchronous = normal`, `PRAGMA cache_size = -8000`} {
		if err := sqlitex.ExecuteTransient(conn, pragma, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
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
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	for _, conn := range []*sqlite.Conn{s.reader, s.conn} {
		if conn != nil {
			errs = append(errs, conn.Close())
		}
	}
	return errors.Join(errs...)
}

// DB is the file, for reading the result.
func (s *Store) DB() *sql.DB { return s.db }

// Pending returns how many URLs are known that are within the limits and not
// done. It belongs to the goroutine that writes.
func (s *Store) Pending() int64 { return s.pending }

// Pages returns how many rows pages has. It belongs to the goroutine that
// writes.
func (s *Store) Pages() int64 { return s.pages }

// Hosts returns the hosts for which there is something to crawl.
func (s *Store) Hosts(ctx context.Context) (hosts []string, err error) {
	err = s.read(ctx, `SELECT DISTINCT host FROM frontier WHERE `+s.eligible(), nil, func(row *sqlite.Stmt) error {
		hosts = append(hosts, row.ColumnText(0))
		return nil
	})
	return hosts, err
}

// Next appends to jobs the next URLs of host to crawl, at most n, in the order
// of the frontier and from behind the job with the ID after. No committed job
// is passed over by a caller that goes on from the last it got.
func (s *Store) Next(ctx context.Context, host string, after int64, n int, jobs []Job) ([]Job, error) {
	err := s.read(ctx, `SELECT id, url, external FROM frontier
		WHERE host = ? AND id > ? AND `+s.eligible()+` ORDER BY id LIMIT ?`, []any{host, after, n},
		func(row *sqlite.Stmt) error {
			jobs = append(jobs, Job{ID: row.ColumnInt64(0), URL: row.ColumnText(1), External: row.ColumnBool(2)})
			return nil
		})
	return jobs, err
}

func (s *Store) read(ctx context.Context, query string, args []any, row func(*sqlite.Stmt) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return sqlitex.Execute(s.reader, query, &sqlitex.ExecOptions{Args: args, ResultFunc: row})
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
