package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	doc := render(t, site(t))
	require.Equal(t, "Crawl of https://a.example/", text(find(doc, "h1")[0]))

	verdict := text(find(doc, "section")[0])
	require.Contains(t, verdict, "3 broken links 33.3 % of the 9 pages checked: 2 on this site, 1 elsewhere. 3 links lead there.")
	require.Contains(t, verdict, "Most linked: https://a.example/gone (404 Not Found, 2 links)")
	require.Contains(t, verdict, "1 server error (status 5xx)")
	require.Contains(t, verdict, "1 page in 100 takes 1.5 s or longer")
	require.Contains(t, verdict, "1 permanent redirect that links should skip")

	require.Equal(t, []string{
		"Pages 9 2 off-site 1 more kept out by robots.txt", "Broken links 3 3 references",
		"Latency p50 20 ms this site’s pages", "Latency p99 1.5 s this site’s pages",
		"Duration 1 s", "Pages per second 8.6", "Data 3.4 KiB uncompressed bodies", "Retries 5",
	}, texts(find(find(doc, "dl")[0], "div")))

	require.Equal(t, []string{
		"http answered with a status of 400 or above 2",
		"timeout no complete answer in time 1",
	}, texts(rows(doc, "errors")))
	require.Equal(t, []string{
		"404 Not Found https://a.example/gone https://a.example/ Gone & lost https://a.example/new Lost too",
		"timeout off-site 3 attempts https://b.example/ no answer in 9s https://a.example/ Friends",
		"503 Service Unavailable 4 attempts https://a.example/down None: a start page, or the target of a redirect.",
	}, texts(rows(doc, "broken")))
	require.Equal(t, []string{
		"301 https://a.example/old → https://a.example/new https://a.example/slow The old page",
	}, texts(rows(doc, "redirects")))
	slowest := texts(rows(doc, "slowest"))
	require.Len(t, slowest, 7)
	require.Equal(t, "Slow page https://a.example/slow 200 500 B 1.5 s", slowest[0])

	var pictures []string
	for n := range doc.Descendants() {
		if attr(n, "role") == "img" && n.Data == "div" {
			pictures = append(pictures, attr(n, "aria-label"))
			require.Len(t, find(n, "svg"), 1)
		}
	}
	require.Equal(t, []string{
		"Pages by status: 200 OK: 4, 301 Moved Permanently: 1, 302 Found: 1, 404 Not Found: 1, 503 Service Unavailable: 1, no answer: 1",
		"9 pages in 1 s of crawling, at most 1 in 50 ms",
		"Pages by latency: from 5ms: 2, from 10ms: 1, from 20ms: 3, from 1s: 1",
	}, pictures)
	selfContained(t, doc)
}

func TestWriteFoldsAndCapsReferrers(t *testing.T) {
	pages := []row{{url: "https://a.example/", status: 200}, {url: "https://a.example/gone", status: 410, kind: "http", at: 1}}
	var links []edge
	for i := range 1234 {
		links = append(links, edge{fmt.Sprintf("https://a.example/%d", i), "https://a.example/gone", fmt.Sprint("number ", i)})
	}
	doc := render(t, database(t, pages, links))
	broken := rows(doc, "broken")
	require.Len(t, broken, 1)
	folded := find(broken[0], "details")
	require.Len(t, folded, 1)
	require.Equal(t, "1,234 links", text(find(folded[0], "summary")[0]))
	items := texts(find(folded[0], "li"))
	require.Len(t, items, mostReferrers+1)
	require.Equal(t, "https://a.example/0 number 0", items[0])
	require.Equal(t, "and 1,214 more: see the broken_links view of the database", items[mostReferrers])
}

func TestWriteCapsTables(t *testing.T) {
	var pages []row
	var links []edge
	for i := range 250 {
		broken := row{url: fmt.Sprint("https://a.example/broken/", i), status: 404, kind: "http", at: time.Duration(i) * time.Second}
		old := row{url: fmt.Sprint("https://a.example/old/", i), status: 308, next: "https://a.example/new", at: broken.at}
		pages = append(pages, broken, old)
		links = append(links, edge{"https://a.example/", old.url, ""})
	}
	links = append(links, edge{"https://a.example/", pages[498].url, "look here"})
	doc := render(t, database(t, pages, links))
	broken := rows(doc, "broken")
	require.Len(t, broken, mostBroken)
	require.Equal(t, "404 Not Found https://a.example/broken/249 https://a.example/ look here", text(broken[0]))
	require.Contains(t, text(id(doc, "broken")), "and 50 more: see the broken_links view of the database")
	require.Len(t, rows(doc, "redirects"), mostRedirects)
	require.Contains(t, text(id(doc, "redirects")), "and 200 more in the database")
	require.Len(t, rows(doc, "slowest"), mostSlow)
}

func TestWriteWithoutBrokenLinks(t *testing.T) {
	doc := render(t, database(t, []row{
		{url: "https://a.example/", status: 200, latency: time.Millisecond},
		{url: "https://a.example/2", status: 200, latency: time.Millisecond, at: time.Second},
	}, nil))
	require.Equal(t, "Healthy: no broken links All 2 pages checked are fine.", text(find(doc, "section")[0]))
	require.Contains(t, text(id(doc, "broken")), "Every link leads somewhere.")
	require.Contains(t, text(id(doc, "errors")), "No errors.")
	require.Contains(t, text(id(doc, "redirects")), "No link goes through a permanent redirect.")
	require.Len(t, find(doc, "svg"), 3)
	selfContained(t, doc)
}

func TestWriteWithOnePage(t *testing.T) {
	doc := render(t, database(t, []row{{url: "https://a.example/", status: 200, latency: 80 * time.Millisecond}}, nil))
	require.Equal(t, "Healthy: no broken links The one page checked is fine.", text(find(doc, "section")[0]))
	require.Len(t, find(doc, "svg"), 1)
	require.NotNil(t, id(doc, "errors"))
}

func TestWriteWithOneBrokenPage(t *testing.T) {
	doc := render(t, database(t, []row{{url: "https://a.example/", kind: "dns", err: "no such host"}}, nil))
	require.Equal(t, "1 broken link 100 % of the 1 page checked: 1 on this site, 0 elsewhere. No page links there.",
		text(find(doc, "section")[0]))
	require.Equal(t, []string{"dns https://a.example/ no such host None: a start page, or the target of a redirect."}, texts(rows(doc, "broken")))
	require.Contains(t, text(id(doc, "slowest")), "No page of this site answered.")
}

func TestWriteWithoutPages(t *testing.T) {
	doc := render(t, database(t, nil, nil))
	require.Equal(t, "No pages crawled The database holds no pages.", text(find(doc, "section")[0]))
	require.Empty(t, find(doc, "svg"))

	doc = render(t, database(t, []row{{url: "https://a.example/", kind: "robots"}}, nil))
	require.Equal(t, "No pages crawled Robots.txt disallows 1 page, and no other was found.", text(find(doc, "section")[0]))
}

func TestWriteErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var b bytes.Buffer
	require.ErrorIs(t, Write(ctx, &b, site(t), ""), context.Canceled)
	require.Zero(t, b.Len())

	db := site(t)
	_, err := db.Exec(`DROP TABLE links`)
	require.NoError(t, err)
	require.ErrorContains(t, Write(context.Background(), &b, db, ""), "links")
	require.Zero(t, b.Len())

	full := errors.New("disk full")
	require.ErrorIs(t, Write(context.Background(), failing{full}, site(t), ""), full)
}

func TestWriteConcurrently(t *testing.T) {
	db := site(t)
	pages := make([]bytes.Buffer, 4)
	var wg sync.WaitGroup
	for i := range pages {
		wg.Go(func() { assert.NoError(t, Write(context.Background(), &pages[i], db, "")) })
	}
	wg.Wait()
	for i := range pages {
		require.Equal(t, pages[0].String(), pages[i].String())
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }
