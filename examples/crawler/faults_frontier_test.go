package main

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFaultFrontierOnePage has one page with more links than are read of a
// page, and nobody but one fetch to go through them.
func TestFaultFrontierOnePage(t *testing.T) {
	const most = 10_000 // links of a page, see the package page
	var body strings.Builder
	for i := range manyLinks {
		fmt.Fprintf(&body, "<a href=/%d>", i)
	}
	site := &everywhere{start: body.String()}
	got := crawlSite(t, site.serve(t), "-c", "1", "-per-host", "1")
	require.Len(t, got.pages, 1+min(manyLinks, most))
	require.Len(t, got.links, min(manyLinks, most))
	require.Empty(t, got.broken)
}

// TestFaultFrontierManyPages has many pages with many links each, all fetched at
// once: far more than any buffer of the crawler has room for.
func TestFaultFrontierManyPages(t *testing.T) {
	var start, page strings.Builder
	for i := range manyPages {
		fmt.Fprintf(&start, "<a href=/many/%d>", i)
	}
	for i := range linksEach {
		fmt.Fprintf(&page, "<a href=/%d>", i)
	}
	site := &everywhere{start: start.String(), many: page.String()}
	got := crawlSite(t, site.serve(t), "-c", "64", "-per-host", "64")
	require.Len(t, got.pages, 1+manyPages+linksEach)
	require.Len(t, got.links, manyPages+manyPages*linksEach)
	require.Empty(t, got.broken)
	for u, r := range got.pages {
		depth := 2
		if strings.HasPrefix(u, "/many/") {
			depth = 1
		}
		if u != "/" {
			require.Equal(t, depth, r.Depth, u)
		}
	}
}

// everywhere is a site where every page is there.
type everywhere struct{ start, many string }

func (e *everywhere) serve(t *testing.T) *faultSite {
	s := newFaultSite(t, nil)
	s.other = func(v *visit) {
		switch {
		case v.target == "/":
			html(e.start)(v)
		case strings.HasPrefix(v.target, "/many/"):
			html(e.many)(v)
		case v.target == "/robots.txt":
			reply(404, "", "")(v)
		default:
			io.WriteString(v, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx")
		}
	}
	return s
}
