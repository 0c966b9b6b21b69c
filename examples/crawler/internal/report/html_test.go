package report

import (
	"bytes"
	"context"
	"database/sql"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func render(t testing.TB, db *sql.DB) *html.Node {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(context.Background(), &b, db, "https://a.example/"))
	doc, err := html.Parse(&b)
	require.NoError(t, err)
	return doc
}

// selfContained fails on anything that runs, or that a browser would load.
func selfContained(t testing.TB, doc *html.Node) {
	t.Helper()
	for n := range doc.Descendants() {
		switch n.Data {
		case "script", "link", "iframe", "object", "embed", "img", "image", "use", "base", "form":
			require.NotEqual(t, html.ElementNode, n.Type, n.Data)
		case "style":
			require.NotContains(t, text(n), "@import")
			require.NotContains(t, text(n), "url(")
		}
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on"), a.Key)
			require.NotContains(t, a.Key, "src")
			switch {
			case a.Key == "href":
				require.Equal(t, "a", n.Data)
				require.Regexp(t, `^(#|https?://)`, a.Val)
			case a.Key == "style":
				require.NotContains(t, a.Val, "url(")
				require.NotContains(t, a.Val, "rgb", "a colour that does not follow the page's")
			}
		}
	}
}

func find(n *html.Node, tag string) (found []*html.Node) {
	for d := range elements(n) {
		if d.Data == tag {
			found = append(found, d)
		}
	}
	return found
}

func id(n *html.Node, name string) *html.Node {
	for d := range elements(n) {
		if attr(d, "id") == name {
			return d
		}
	}
	return nil
}

func elements(n *html.Node) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		for d := range n.Descendants() {
			if d.Type == html.ElementNode && !yield(d) {
				return
			}
		}
	}
}

// rows are the body rows of the table in a section.
func rows(doc *html.Node, section string) (found []*html.Node) {
	for _, body := range find(id(doc, section), "tbody") {
		found = append(found, find(body, "tr")...)
	}
	return found
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
		b.WriteByte(' ')
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func texts(list []*html.Node) []string {
	all := make([]string, len(list))
	for i, n := range list {
		all[i] = text(n)
	}
	return all
}
