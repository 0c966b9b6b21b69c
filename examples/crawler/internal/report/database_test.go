package report

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const schema = `
CREATE TABLE pages (
  url TEXT PRIMARY KEY, status INTEGER NOT NULL, content_type TEXT NOT NULL, size INTEGER NOT NULL,
  title TEXT NOT NULL, depth INTEGER NOT NULL, time TEXT NOT NULL, latency_us INTEGER NOT NULL,
  attempts INTEGER NOT NULL, error TEXT NOT NULL, error_kind TEXT NOT NULL, redirect TEXT NOT NULL,
  external INTEGER NOT NULL
);
CREATE TABLE links ("from" TEXT NOT NULL, "to" TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX links_to ON links ("to");
CREATE VIEW broken_links AS
  SELECT p.url AS "to", p.status, p.error_kind, p.error, l."from", l.text
  FROM pages p LEFT JOIN links l ON l."to" = p.url
  WHERE p.error_kind NOT IN ('', 'robots');`

// row is one page; zero fields mean the usual.
type row struct {
	url             string
	status          int
	at              time.Duration // after start
	latency         time.Duration
	size, attempts  int
	title           string
	kind, err, next string
	external        bool
}

type edge struct{ from, to, text string }

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func database(t testing.TB, pages []row, links []edge) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "crawl.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.Exec(schema)
	require.NoError(t, err)
	fill(t, db, pages, links)
	return db
}

func fill(t testing.TB, db *sql.DB, pages []row, links []edge) {
	t.Helper()
	tx, err := db.BeginTx(context.Background(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	for _, p := range pages {
		_, err := tx.Exec(`INSERT INTO pages VALUES (?, ?, 'text/html', ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`,
			p.url, p.status, p.size, p.title, start.Add(p.at).Format("2006-01-02T15:04:05.000000Z"),
			p.latency.Microseconds(), max(p.attempts, 1), p.err, p.kind, p.next, p.external)
		require.NoError(t, err)
	}
	for _, l := range links {
		_, err := tx.Exec(`INSERT INTO links VALUES (?, ?, ?)`, l.from, l.to, l.text)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}

// site is a small crawl with something of everything.
func site(t testing.TB) *sql.DB {
	const ms = time.Millisecond
	return database(t, []row{
		{url: "https://a.example/", status: 200, latency: 40 * ms, size: 1000, title: "Home"},
		{url: "https://a.example/slow", status: 200, at: 100 * ms, latency: 1500 * ms, size: 500, title: "Slow page"},
		{url: "https://a.example/gone", status: 404, at: 200 * ms, latency: 10 * ms, size: 24, kind: "http", err: "404 Not Found"},
		{url: "https://a.example/down", status: 503, at: 300 * ms, latency: 20 * ms, attempts: 4, kind: "http", err: "503 Service Unavailable"},
		{url: "https://a.example/old", status: 301, at: 400 * ms, latency: 5 * ms, next: "https://a.example/new"},
		{url: "https://a.example/new", status: 200, at: 500 * ms, latency: 30 * ms, size: 2000, title: "New"},
		{url: "https://a.example/moved", status: 302, at: 600 * ms, latency: 6 * ms, next: "https://a.example/new"},
		{url: "https://a.example/private", at: 700 * ms, kind: "robots", err: "disallowed"},
		{url: "https://b.example/", at: 800 * ms, latency: 9 * time.Second, attempts: 3, kind: "timeout", err: "no answer in 9s", external: true},
		{url: "https://c.example/", status: 200, at: 1000 * ms, latency: 5 * time.Second, external: true},
	}, []edge{
		{"https://a.example/", "https://a.example/slow", "Slow"},
		{"https://a.example/", "https://a.example/gone", "Gone & lost"},
		{"https://a.example/new", "https://a.example/gone", "Lost too"},
		{"https://a.example/", "https://b.example/", "Friends"},
		{"https://a.example/slow", "https://a.example/old", "The old page"},
		{"https://a.example/", "https://a.example/moved", "Today"},
	})
}
