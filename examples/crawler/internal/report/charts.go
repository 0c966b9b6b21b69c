package report

import (
	"html/template"
	"math"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/go-analyze/charts"
)

// picture is one chart with the words that go with it. No string of a
// crawled page ever goes into a chart.
type picture struct {
	Title, Text, Note string // Text says the same as SVG
	SVG               template.HTML
}

// bar is one series of bars.
type bar struct {
	name   string
	color  charts.Color
	values []float64
}

// The colours of the light page. In the SVG they become the page's custom
// properties, which the dark page sets anew.
var (
	inkColor  = charts.ColorFromHex("#4d5664")
	lineColor = charts.ColorFromHex("#dfe3e9")
	okColor   = charts.ColorFromHex("#2f9e6b")
	infoColor = charts.ColorFromHex("#4a7fd4")
	warnColor = charts.ColorFromHex("#d08a1d")
	badColor  = charts.ColorFromHex("#d2453f")
	restColor = charts.ColorFromHex("#8a93a1")

	properties = strings.NewReplacer(
		inkColor.String(), "var(--text)", lineColor.String(), "var(--line)",
		okColor.String(), "var(--ok)", infoColor.String(), "var(--info)",
		warnColor.String(), "var(--warn)", badColor.String(), "var(--bad)",
		restColor.String(), "var(--rest)",
	)
)

const (
	chartWidth  = 480
	chartHeight = 250
	plotWidth   = chartWidth - 50 // without the labels of the value axis
)

// draw renders bars of the option as inline SVG.
func draw(opt charts.BarChartOption, list []bar, height int) (template.HTML, error) {
	colors := make([]charts.Color, len(list))
	for i, b := range list {
		colors[i] = b.color
		opt.SeriesList = append(opt.SeriesList, charts.BarSeries{
			Name:   b.name,
			Values: b.values,
			// stacked bars get no numbers: the small ones would overlap
			Label: charts.SeriesLabel{Show: &opt.Horizontal, ValueFormatter: comma, FontStyle: charts.FontStyle{FontColor: inkColor}},
		})
	}
	opt.Theme = charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor:    lineColor,
		AxisSplitLineColor: lineColor,
		BackgroundColor:    charts.ColorTransparent,
		TextColor:          inkColor,
		SeriesColors:       colors,
	})
	opt.StackSeries = charts.Ptr(true)
	opt.Padding = charts.NewBox(4, 8, 8, 4)
	opt.ValueFormatter = comma
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: chartWidth, Height: height})
	if err := p.BarChart(opt); err != nil {
		return "", err
	}
	svg, err := p.Bytes()
	return template.HTML(properties.Replace(string(svg))), err
}

func comma(f float64) string { return humanize.Comma(int64(f)) }

// scale is a value axis with round numbers, up to six of them.
func scale(highest float64) []charts.ValueAxisOption {
	step := 1.0
	for i := 0; step*5 < highest; i++ {
		step *= []float64{2, 2.5, 2}[i%3] // 1, 2, 5, 10, 20, ...
	}
	n := max(1, math.Ceil(highest/step))
	return []charts.ValueAxisOption{{
		Min: charts.Ptr(0.0), Max: charts.Ptr(n * step), LabelCount: int(n) + 1,
		RangeValuePaddingScale: charts.Ptr(0.0),
	}}
}
