package report_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/interleave-go/interleave/examples/crawler/internal/report"
	_ "modernc.org/sqlite"
)

func ExampleSummarize() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // every connection to :memory: is a database of its own
	if _, err := db.Exec(`
		CREATE TABLE pages (url, status, size, title, time, latency_us, attempts, error, error_kind, redirect, external);
		CREATE TABLE links ("from", "to", text);
		INSERT INTO pages VALUES
			('https://a.example/', 200, 2048, 'Home', '2026-01-02T03:04:05.000000Z', 50000, 1, '', '', '', 0),
			('https://a.example/x', 404, 0, '', '2026-01-02T03:04:06.950000Z', 30000, 1, 'Not Found', 'http', '', 0);
		INSERT INTO links VALUES ('https://a.example/', 'https://a.example/x', 'more')`); err != nil {
		panic(err)
	}
	summary, err := report.Summarize(context.Background(), db)
	if err != nil {
		panic(err)
	}
	fmt.Println(summary.Table())
	// Output:
	// Pages         2
	// Bytes         2.0 KiB
	// Duration      2 s
	// Pages/s       1
	// Latency p50   30 ms
	// Latency p99   50 ms
	// Retries       0
	// Redirects     0
	// Broken links  1 (1 reference)
	//   http        1
}
