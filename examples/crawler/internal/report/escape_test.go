package report

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWriteEscapes(t *testing.T) {
	const evil = `"><script>alert('x')</script>`
	doc := render(t, hostile(t, evil, "https://a.example/?q="+evil))
	selfContained(t, doc)
	page := text(doc)
	for _, section := range []string{"broken", "redirects", "slowest"} {
		require.Contains(t, text(id(doc, section)), evil, section)
	}
	require.NotContains(t, page, "&lt;") // escaped once, not twice
}

func TestWriteDefusesMarkup(t *testing.T) {
	for words, url := range map[string]string{
		"</title><script>x</script>":    "https://a.example/' onclick='x",
		"</style><img src=x onerror=x>": "javascript:x",
		"\x00\xff\u202e]]>":             "http://\x00/<svg onload=x>",
		"{{.}}${x}`":                    "https://a.example/\n\t\"",
		"<!--":                          "https://a.example/</table></main>",
	} {
		selfContained(t, render(t, hostile(t, words, url)))
	}
}

func TestWriteLinksOnlyToWebPages(t *testing.T) {
	for _, url := range []string{
		"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.example/", "relative",
		"https://a.example/" + strings.Repeat("long", mostURL),
	} {
		doc := render(t, hostile(t, "", url))
		for _, section := range []string{"broken", "redirects", "slowest"} {
			require.Contains(t, text(id(doc, section)), clip(url, 200)[:7])
			for _, a := range find(id(doc, section), "a") {
				require.NotContains(t, attr(a, "href"), url[len(url)-4:])
			}
		}
		selfContained(t, doc)
	}
}

// hostile is a crawl with the same words in every text and variants of the
// same URL in every place.
func hostile(t testing.TB, words, url string) *sql.DB {
	return database(t, []row{
		{url: url, status: 200, latency: time.Second, title: words},
		{url: url + "1", status: 404, kind: "http", err: words, title: words},
		{url: url + "2", kind: words + "x", err: words, at: time.Second},
		{url: url + "3", status: 301, next: url, at: 2 * time.Second},
	}, []edge{{url, url + "1", words}, {url, url + "2", words}, {url, url + "3", words}})
}
