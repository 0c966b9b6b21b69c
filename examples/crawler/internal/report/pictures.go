package report

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/go-analyze/charts"
)

// pictures draws the crawl; without pages there is nothing to draw.
func pictures(ctx context.Context, tx *sql.Tx, s Summary) ([]picture, error) {
	if s.Pages == 0 {
		return nil, nil
	}
	byStatus, err := statuses(s)
	if err != nil || s.Pages == 1 {
		return []picture{byStatus}, err // one page has no distribution
	}
	p, err := course(ctx, tx, s.Active)
	if err != nil {
		return nil, err
	}
	overTime, err := pace(s, p)
	if err != nil {
		return nil, err
	}
	list := []picture{byStatus, overTime}
	buckets, err := latencies(ctx, tx)
	if err != nil || slices.Max(buckets) == 0 {
		return list, err
	}
	byLatency, err := spread(s, buckets)
	return append(list, byLatency), err
}

// statuses pictures the pages by status code.
func statuses(s Summary) (picture, error) {
	const rows = 10
	list := slices.Clone(s.Statuses)
	slices.SortStableFunc(list, func(a, b Count) int { return cmp.Compare(b.Pages, a.Pages) })
	var others int64
	for len(list) > rows {
		others += list[len(list)-1].Pages
		list = list[:len(list)-1]
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Compare(code(a.Name), code(b.Name)) })
	if len(list) > 0 && code(list[0].Name) == 0 {
		list = append(list[1:], list[0]) // after the server's faults
	}
	if others > 0 {
		list = append(list, Count{Name: "other", Pages: others})
	}
	slices.Reverse(list) // the chart grows upwards

	colors := []charts.Color{restColor, restColor, okColor, infoColor, warnColor, badColor}
	series := make([]bar, len(colors))
	for i, color := range colors {
		series[i] = bar{color: color, values: slices.Repeat([]float64{charts.GetNullValue()}, len(list))}
	}
	var most float64
	labels, words := make([]string, len(list)), make([]string, len(list))
	for i, c := range list {
		labels[i] = c.Name
		if c.Name == "0" {
			labels[i] = "none"
		}
		most = max(most, float64(c.Pages))
		words[i] = status(c.Name) + ": " + humanize.Comma(c.Pages)
		series[min(max(0, code(c.Name)/100), len(series)-1)].values[i] = float64(c.Pages)
	}
	svg, err := draw(charts.BarChartOption{
		Horizontal:   true,
		CategoryAxis: charts.CategoryAxisOption{Labels: labels},
		ValueAxis: []charts.ValueAxisOption{{
			Show: charts.Ptr(false),
			Min:  charts.Ptr(0.0), Max: charts.Ptr(1.2 * most), // room for the numbers
			RangeValuePaddingScale: charts.Ptr(0.0),
		}},
	}, series, 24+26*len(list))
	slices.Reverse(words)
	return picture{
		Title: "Answers by status",
		Text:  "Pages by status: " + strings.Join(words, ", "),
		Note:  "2xx is an answer, 3xx a redirect, 4xx a page that is missing or refused, 5xx a fault of the server; none means that no answer came.",
		SVG:   svg,
	}, err
}

// code is the number of a status code's name, 0 if it has none.
func code(name string) int {
	n, _ := strconv.Atoi(name)
	return n
}

// status names a status code.
func status(name string) string {
	n, err := strconv.Atoi(name)
	switch {
	case err != nil:
		return name
	case n == 0:
		return "no answer"
	}
	return strings.TrimSpace(clip(name+" "+http.StatusText(n), 24))
}

// spread pictures the latencies of answered pages.
func spread(s Summary, buckets []int64) (picture, error) {
	first, last := 0, len(buckets)-1
	for first < last && buckets[first] == 0 {
		first++
	}
	for last > first && buckets[last] == 0 {
		last--
	}
	// one more place, empty where there is one, marks the upper bound
	end := min(last+2, len(buckets))
	labels, values := make([]string, end-first), make([]float64, end-first)
	var words []string
	for i := range labels {
		at := first + i
		values[i] = float64(buckets[at])
		if end-first <= 8 || leading(bounds[at]) {
			labels[i] = compact(bounds[at])
		}
		if buckets[at] > 0 {
			words = append(words, fmt.Sprintf("from %s: %s", compact(bounds[at]), humanize.Comma(buckets[at])))
		}
	}
	svg, err := draw(charts.BarChartOption{
		BarSize: 0.9,
		CategoryAxis: charts.CategoryAxisOption{
			Labels:      labels,
			LabelCount:  len(labels),
			BoundaryGap: charts.Ptr(true),
			// bounds belong at the bars' edges
			LabelOffset: charts.OffsetInt{Left: -plotWidth / len(labels) / 2},
		},
		ValueAxis: scale(float64(slices.Max(buckets))),
	}, []bar{{color: infoColor, values: values}}, chartHeight)
	return picture{
		Title: "Latency",
		Text:  "Pages by latency: " + strings.Join(words, ", "),
		Note: fmt.Sprintf("This site's pages by time to the last byte; each bar is about twice as slow as the one before. "+
			"Half took up to %s, 99 %% up to %s.", duration(s.P50), duration(s.P99)),
		SVG: svg,
	}, err
}

// leading says whether a bound starts a decade.
func leading(d time.Duration) bool {
	for d >= 10 && d%10 == 0 {
		d /= 10
	}
	return d <= 1 || d == 6
}

// pace pictures the crawl's course.
func pace(s Summary, p progress) (picture, error) {
	labels := make([]string, len(p.fine))
	fine, broken := make([]float64, len(p.fine)), make([]float64, len(p.fine))
	apart := max(1, (len(labels)+5)/6)
	var busiest int64
	for i := range labels {
		if i%apart == 0 {
			labels[i] = compact(time.Duration(i) * p.step)
		}
		fine[i], broken[i] = float64(p.fine[i]), float64(p.broken[i])
		busiest = max(busiest, p.fine[i]+p.broken[i])
	}
	svg, err := draw(charts.BarChartOption{
		BarSize: 0.9,
		CategoryAxis: charts.CategoryAxisOption{
			Labels:      labels,
			LabelCount:  len(labels),
			BoundaryGap: charts.Ptr(true),
			LabelOffset: charts.OffsetInt{Left: -plotWidth / len(labels) / 2},
		},
		ValueAxis: scale(float64(busiest)),
		Legend:    charts.LegendOption{SeriesNames: []string{"fine", "broken"}},
	}, []bar{{"fine", okColor, fine}, {"broken", badColor, broken}}, chartHeight)
	note := "Pages per " + duration(p.step) + " of crawling."
	if s.elapsed() != "" {
		note += " A pause of more than " + duration(pause) + " counts as " + duration(pause) + "."
	}
	return picture{
		Title: "Pages over time",
		Text: fmt.Sprintf("%s in %s of crawling, at most %s in %s",
			count(s.Pages, "page"), duration(s.Active), humanize.Comma(busiest), duration(p.step)),
		Note: note,
		SVG:  svg,
	}, err
}
