package report

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// timeline gives every page its place on the clock of active time, in
// microseconds. Whole seconds and their fraction are read apart because
// SQLite rounds times to milliseconds.
var timeline = fmt.Sprintf(`
WITH stamped AS (
	SELECT unixepoch(substr(time, 1, 19)) * 1000000 + CAST(substr(time, 21, 6) AS INTEGER) AS at,
		latency_us, error_kind <> '' AS broken
	FROM pages WHERE error_kind <> 'robots'
), waited AS (
	SELECT at, broken, min(coalesce(at - lag(at) OVER (ORDER BY at), latency_us), %d) AS wait
	FROM stamped
), clock AS (
	SELECT broken, sum(wait) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS active FROM waited
)
`, pause.Microseconds())

// progress is how many pages were recorded in each interval of active time.
type progress struct {
	step         time.Duration
	fine, broken []int64
}

// steps are the interval lengths people read easily.
var steps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// intervals is the most bars the picture of a crawl's course shows, up to
// the longest step.
const intervals = 40

// course counts the pages by interval of active time.
func course(ctx context.Context, tx *sql.Tx, active time.Duration) (progress, error) {
	p := progress{step: steps[len(steps)-1]}
	for _, step := range steps {
		if active <= step*intervals {
			p.step = step
			break
		}
	}
	for p.step*intervals < active {
		p.step *= 2
	}
	n := max(1, (active+p.step-1)/p.step)
	p.fine, p.broken = make([]int64, n), make([]int64, n)
	last := int64(n) - 1
	err := each(ctx, tx, timeline+`
		SELECT min(active / ?, ?) AS interval, sum(NOT broken), sum(broken)
		FROM clock GROUP BY interval`,
		func(rows *sql.Rows) error {
			var i, fine, broken int64
			if err := rows.Scan(&i, &fine, &broken); err != nil {
				return err
			}
			p.fine[i], p.broken[i] = fine, broken
			return nil
		}, p.step.Microseconds(), last)
	return p, err
}

// bounds are the lower bounds of the latency buckets, evenly spaced for the
// eye on a logarithmic scale. The last bucket has no upper bound.
var bounds = []time.Duration{
	0, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 20 * time.Second, time.Minute,
}

// latencies counts the answered pages of the site by latency bucket.
func latencies(ctx context.Context, tx *sql.Tx) ([]int64, error) {
	var bucket strings.Builder
	for i, bound := range bounds[1:] {
		fmt.Fprintf(&bucket, " WHEN latency_us < %d THEN %d", bound.Microseconds(), i)
	}
	buckets := make([]int64, len(bounds))
	err := each(ctx, tx, fmt.Sprintf(`SELECT CASE%s ELSE %d END AS bucket, count(*)`+answered+`GROUP BY bucket`,
		bucket.String(), len(bounds)-1),
		func(rows *sql.Rows) error {
			var i, n int64
			if err := rows.Scan(&i, &n); err != nil {
				return err
			}
			buckets[i] = n
			return nil
		})
	return buckets, err
}
