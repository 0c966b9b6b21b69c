package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestSummarize(t *testing.T) {
	s, err := Summarize(context.Background(), site(t))
	require.NoError(t, err)
	require.Equal(t, Summary{
		Start:     start,
		End:       start.Add(time.Second),
		Active:    1040 * time.Millisecond, // the first latency and a second of waits
		PerSecond: 9 / 1.04,
		Pages:     9, External: 2, Robots: 1,
		Bytes: 3524, Retries: 5,
		BrokenLinks: 3, BrokenExternal: 1, References: 3, Redirects: 2,
		// of 5, 6, 10, 20, 30, 40 and 1500 ms
		P50: 20 * time.Millisecond, P99: 1500 * time.Millisecond,
		Statuses: []Count{{"0", 1}, {"200", 4}, {"301", 1}, {"302", 1}, {"404", 1}, {"503", 1}},
		Errors:   []Count{{"http", 2}, {"timeout", 1}},
	}, s)
}

func TestSummarizeEmpty(t *testing.T) {
	s, err := Summarize(context.Background(), database(t, nil, nil))
	require.NoError(t, err)
	require.Equal(t, Summary{}, s)
}

func TestSummarizeCountsDisallowedPagesApart(t *testing.T) {
	s, err := Summarize(context.Background(), database(t, []row{
		{url: "https://a.example/", kind: "robots", latency: time.Second},
	}, nil))
	require.NoError(t, err)
	require.Equal(t, Summary{Robots: 1}, s)
}

func TestSummarizeLeavesPausesOut(t *testing.T) {
	var pages []row
	add := func(at time.Duration) {
		pages = append(pages, row{url: fmt.Sprint("https://a.example/", len(pages)), status: 200, at: at, latency: 100 * time.Millisecond})
	}
	add(0)
	add(999900 * time.Microsecond) // rounds up to the next second
	add(3 * time.Second)
	add(time.Hour) // resumed
	add(time.Hour + 5*time.Second)
	s, err := Summarize(context.Background(), database(t, pages, nil))
	require.NoError(t, err)
	require.Equal(t, 100*time.Millisecond+3*time.Second+pause+5*time.Second, s.Active)
	require.InDelta(t, 5/13.1, s.PerSecond, 1e-9)
	require.Equal(t, time.Hour+5*time.Second, s.End.Sub(s.Start))
	require.Contains(t, s.Table(), "1 h 0 min from first to last page")
}

func TestSummarizeRanksPercentiles(t *testing.T) {
	var pages []row
	for i := range 200 {
		pages = append(pages, row{url: fmt.Sprint("https://a.example/", i), status: 200, latency: time.Duration(200-i) * time.Millisecond})
	}
	s, err := Summarize(context.Background(), database(t, pages, nil))
	require.NoError(t, err)
	require.Equal(t, 100*time.Millisecond, s.P50)
	require.Equal(t, 198*time.Millisecond, s.P99)
}

func TestSummarizeCanceled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	s, err := Summarize(ctx, site(t))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, s)
}

func TestSummarizeWithoutTables(t *testing.T) {
	db := database(t, nil, nil)
	_, err := db.Exec(`DROP TABLE pages`)
	require.NoError(t, err)
	_, err = Summarize(context.Background(), db)
	require.ErrorContains(t, err, "pages")
}

func TestTable(t *testing.T) {
	s, err := Summarize(context.Background(), site(t))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(`
Pages         9 (2 off-site)
Disallowed    1 (by robots.txt, not among the pages)
Bytes         3.4 KiB
Duration      1 s
Pages/s       8.6
Latency p50   20 ms
Latency p99   1.5 s
Retries       5
Redirects     2
Broken links  3 (1 off-site, 3 references)
  http        2
  timeout     1
`), s.Table())
}

func TestTableIsNarrow(t *testing.T) {
	const huge, many = 1<<63 - 1, 99_999_999
	s := Summary{
		End: start.AddDate(200, 0, 0), Start: start, Active: huge, PerSecond: huge / 1000,
		Pages: many, External: many, Robots: many, Bytes: huge, Retries: huge,
		BrokenLinks: many, BrokenExternal: many, References: many, Redirects: huge, P50: huge, P99: huge,
		Errors: []Count{{strings.Repeat("ö", 200), huge}},
	}
	for line := range strings.Lines(s.Table()) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 80, line)
	}
}

func TestSummarizeCanceledHalfway(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	err := snapshot(ctx, site(t), func(tx *sql.Tx) error {
		cancel()
		_, err := summarize(ctx, tx)
		return err
	})
	require.ErrorIs(t, err, context.Canceled)
}
