package page

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// site returns pages of 10 KB with 20 links each: the same 8 in the head and
// the navigation, and 12 to other pages of the site.
func site() [][]byte {
	var pages [][]byte
	for n := range 16 {
		var b strings.Builder
		fmt.Fprintf(&b, `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Page %d of the site</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/css/main.css?v=12"><link rel="icon" href="/favicon.ico">
<script src="/static/js/app.js" defer></script></head>
<body class="page page--article"><header id="top"><nav class="nav" aria-label="Main"><ul>`, n)
		for _, s := range []string{"products", "prices", "blog", "about", "contact"} {
			fmt.Fprintf(&b, "\n<li class=\"nav__item\"><a class=\"nav__link\" href=\"/%s/\">Our %s</a></li>", s, s)
		}
		b.WriteString("\n</ul></nav></header><main id=\"content\"><article>\n")
		for i := range 12 {
			fmt.Fprintf(&b, "<section class=\"card\"><h2 class=\"card__title\">Item %d &amp; more</h2>\n"+
				"<p class=\"card__text\">%s</p>\n<p>Read <a class=\"link\" href=\"%d.html?from=%d&amp;lang=en\">all about <b>item %d</b></a>.</p></section>\n",
				i, strings.Repeat("Lorem ipsum dolor sit amet, consectetur adipiscing elit. ", 10), (n*5+i)%40, n%4, i)
		}
		b.WriteString("</article></main><footer class=\"footer\"><p>Some footer text</p></footer></body></html>\n")
		pages = append(pages, []byte(b.String()))
	}
	return pages
}

func BenchmarkParse(b *testing.B) {
	pages := site()
	p := NewParser()
	b.SetBytes(int64(len(pages[0])))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		pg := p.Parse("https://example.com/articles/index.html", "text/html; charset=utf-8", pages[i%len(pages)])
		if len(pg.Links) != 20 {
			b.Fatal(len(pg.Links))
		}
	}
}

// BenchmarkTokenizer is the floor of BenchmarkParse.
func BenchmarkTokenizer(b *testing.B) {
	pages := site()
	b.SetBytes(int64(len(pages[0])))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		z := html.NewTokenizer(bytes.NewReader(pages[i%len(pages)]))
		for tt := z.Next(); tt != html.ErrorToken; tt = z.Next() {
			if tt == html.StartTagToken || tt == html.SelfClosingTagToken {
				_, more := z.TagName()
				for more {
					_, _, more = z.TagAttr()
				}
			}
		}
	}
}

func BenchmarkNormalize(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Normalize("https://www.example.com/articles/2024/item.html?from=1&lang=en"); err != nil {
			b.Fatal(err)
		}
	}
}
