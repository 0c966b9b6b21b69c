package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-analyze/charts"
)

// drawAll writes one chart for each group of rows that was measured.
func drawAll(r results, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	groups := make(map[string][]comparison)
	for _, t := range targets {
		if c, ok := r.compare(t); ok {
			groups[group(t.row)] = append(groups[group(t.row)], c)
		}
	}
	for name, list := range groups {
		svg, err := chart(list)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, strings.ToLower(name)+".svg"), svg, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Colours that can be read on white and on black.
var (
	ink      = charts.ColorFromHex("#7d8590")
	faint    = charts.ColorFromHex("#7d859055")
	metColor = charts.ColorFromHex("#2f9e6b")
	noColor  = charts.ColorFromHex("#d2453f")
)

// percent scales ratios: the axis of the library is made for numbers above 1.
const percent = 100

// chart draws the ratios of the rows of one group.
func chart(list []comparison) ([]byte, error) {
	labels := make([]string, len(list))
	met, missed := make([]float64, len(list)), make([]float64, len(list))
	most := 1.0
	for i, c := range list {
		at := len(list) - 1 - i // the chart grows upwards
		// Where the font that the chart was laid out for is missing, another one is
		// wider: the spaces are for that.
		labels[at] = strings.TrimPrefix(c.row, group(c.row)) + " / " + c.other + strings.Repeat("\u00a0", 6)
		met[at], missed[at] = charts.GetNullValue(), charts.GetNullValue()
		if c.met() {
			met[at] = c.median * percent
		} else {
			missed[at] = c.median * percent
		}
		most = max(most, c.median)
	}
	label := charts.SeriesLabel{Show: charts.Ptr(true), FontStyle: charts.FontStyle{FontColor: ink},
		ValueFormatter: func(f float64) string { return fmt.Sprintf("%.2f", f/percent) }}
	p := charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG, Width: 640, Height: 40 + 34*len(list)})
	err := p.BarChart(charts.BarChartOption{
		Horizontal:  true,
		StackSeries: charts.Ptr(true),
		SeriesList: charts.BarSeriesList{
			{Name: "target met", Values: met, Label: label},
			{Name: "target missed", Values: missed, Label: label},
		},
		CategoryAxis: charts.CategoryAxisOption{Labels: labels},
		ValueAxis: []charts.ValueAxisOption{{
			Min: charts.Ptr(0.0), Max: charts.Ptr(1.15 * percent * most), Show: charts.Ptr(false),
			RangeValuePaddingScale: charts.Ptr(0.0),
		}},
		Padding: charts.NewBox(4, 8, 8, 4),
		Theme: charts.MakeTheme(charts.ThemeOption{
			AxisStrokeColor: faint, AxisSplitLineColor: faint, TextColor: ink,
			BackgroundColor: charts.ColorTransparent,
			SeriesColors:    []charts.Color{metColor, noColor},
		}),
	})
	if err != nil {
		return nil, err
	}
	return p.Bytes()
}
