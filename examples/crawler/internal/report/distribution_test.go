package report

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCourse(t *testing.T) {
	db := database(t, []row{
		{url: "https://a.example/1", status: 200},
		{url: "https://a.example/2", status: 200, at: time.Second},
		{url: "https://a.example/3", status: 404, at: 2500 * time.Millisecond, kind: "http"},
		{url: "https://a.example/4", at: 3 * time.Second, kind: "robots"},
		{url: "https://a.example/5", status: 200, at: 24 * time.Hour}, // five seconds later on the clock
		{url: "https://a.example/6", status: 200, at: 24*time.Hour + 3*time.Second},
	}, nil)
	require.NoError(t, snapshot(context.Background(), db, func(tx *sql.Tx) error {
		p, err := course(context.Background(), tx, 10500*time.Millisecond)
		require.NoError(t, err)
		require.Equal(t, 500*time.Millisecond, p.step)
		fine, broken := make([]int64, 21), make([]int64, 21)
		fine[0], fine[2], fine[15], fine[20] = 1, 1, 1, 1 // the end counts in the last interval
		broken[5] = 1
		require.Equal(t, progress{500 * time.Millisecond, fine, broken}, p)
		return nil
	}))
}

func TestCourseHasFewIntervals(t *testing.T) {
	db := database(t, nil, nil)
	require.NoError(t, snapshot(context.Background(), db, func(tx *sql.Tx) error {
		for active := time.Duration(0); active < 10*365*24*time.Hour; active = active*3 + 7*time.Microsecond {
			p, err := course(context.Background(), tx, active)
			require.NoError(t, err)
			require.LessOrEqual(t, len(p.fine), intervals, active)
			require.GreaterOrEqual(t, time.Duration(len(p.fine))*p.step, active)
		}
		return nil
	}))
}

func TestLatencies(t *testing.T) {
	var pages []row
	for _, latency := range []time.Duration{
		0, 99 * time.Microsecond, 100 * time.Microsecond,
		time.Second - time.Microsecond, time.Second,
		59 * time.Second, time.Minute, time.Hour,
	} {
		pages = append(pages, row{url: fmt.Sprint("https://a.example/", len(pages)), status: 200, latency: latency})
	}
	pages = append(pages,
		row{url: "https://b.example/", status: 200, latency: time.Second, external: true},
		row{url: "https://a.example/silent", latency: time.Second, kind: "timeout"})
	db := database(t, pages, nil)
	require.NoError(t, snapshot(context.Background(), db, func(tx *sql.Tx) error {
		buckets, err := latencies(context.Background(), tx)
		require.NoError(t, err)
		got := map[time.Duration]int64{}
		for i, n := range buckets {
			if n > 0 {
				got[bounds[i]] = n
			}
		}
		require.Equal(t, map[time.Duration]int64{
			0: 2, 100 * time.Microsecond: 1, 500 * time.Millisecond: 1, time.Second: 1, 20 * time.Second: 1, time.Minute: 2,
		}, got)
		return nil
	}))
}

func TestScale(t *testing.T) {
	for highest, want := range map[float64]struct {
		top   float64
		count int
	}{
		0: {1, 2}, 1: {1, 2}, 5: {5, 6}, 6: {6, 4}, 11: {15, 4}, 99: {100, 6}, 101: {150, 4}, 987: {1000, 6},
	} {
		axis := scale(highest)[0]
		require.Equal(t, want.top, *axis.Max, highest)
		require.Equal(t, want.count, axis.LabelCount, highest)
	}
}
