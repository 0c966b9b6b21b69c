package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// generated is a site of n pages, each of about 4 KB with a navigation of six
// links, links to its eight children in a tree, and some across. It serves them from
// memory or, for many pages, writes each when it is asked for.
type generated struct {
	n     int
	pages [][]byte
}

func newGenerated(n int, inMemory bool) *generated {
	g := &generated{n: n}
	if inMemory {
		g.pages = make([][]byte, n)
		for i := range g.pages {
			g.pages[i] = g.page(i)
		}
	}
	return g
}

const (
	children = 8
	filler   = `<p>A sentence with <em>some words</em> that are <b>of interest</b>, and a good deal of text
that is there because pages have text: it has to be read, to be sure that it has no further links.</p>
`
)

func (g *generated) path(i int) string { return fmt.Sprintf("/section-%d/page-%d.html", i%97, i) }

func (g *generated) page(i int) []byte {
	b := fmt.Appendf(nil, "<!DOCTYPE html>\n<html><head><title>Page %d</title></head><body><nav><ul>\n", i)
	link := func(to int) {
		b = fmt.Appendf(b, "<li><a class=\"link\" href=\"%s\">Page number %d</a></li>\n", g.path(to), to)
	}
	for k := range min(6, g.n) {
		link(k)
	}
	b = append(b, "</ul></nav>\n"...)
	for c := i*children + 1; c <= i*children+children && c < g.n; c++ {
		link(c)
	}
	for k := range 3 {
		link((i*31 + k*k*977) % g.n)
	}
	for len(b) < 4_000 {
		b = append(b, filler...)
	}
	return append(b, "</body></html>\n"...)
}

func (g *generated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i := 0
	if r.URL.Path != "/" {
		_, number, _ := strings.Cut(r.URL.Path, "/page-")
		var err error
		i, err = strconv.Atoi(strings.TrimSuffix(number, ".html"))
		if err != nil || i >= g.n || g.path(i) != r.URL.Path {
			http.NotFound(w, r)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if g.pages != nil {
		w.Write(g.pages[i])
		return
	}
	w.Write(g.page(i))
}
