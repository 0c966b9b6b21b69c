package main

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFaultDepthLimit goes only as far as it may: what is further away is a link
// and no more.
func TestFaultDepthLimit(t *testing.T) {
	answers := map[string]answer{
		"/":  titled("Start", "/1", "/m", "http://[bad/"),
		"/1": titled("One", "/2", "/"), "/2": titled("Two", "/3", "/m2"), "/3": titled("Three"),
		"/m": moved(302, "/m1"), "/m1": titled("Moved", "/m2"), "/m2": titled("Moved", "/3"),
	}
	for depth, want := range [][]string{
		{"/"},
		{"/", "/1", "/m", "/m1"},
		{"/", "/1", "/2", "/m", "/m1", "/m2"},
		{"/", "/1", "/2", "/3", "/m", "/m1", "/m2"},
	} {
		site := newFaultSite(t, answers)
		got := crawlSite(t, site, "-depth", strconv.Itoa(depth))
		// What is no URL cannot be looked at more closely from anywhere.
		require.Equal(t, refused, got.pages["http://[bad/"])
		delete(got.pages, "http://[bad/")
		require.Equal(t, want, got.urls(), depth)
		asked := map[string]int{"GET /robots.txt": 1}
		for _, u := range want {
			asked["GET "+u] = 1
		}
		require.Equal(t, asked, site.requests())
		sameRows(t, []link{{"/", "/1", linkText}, {"/", "/m", linkText}, {"/", "http://[bad/", linkText}}, got.links[:3])
	}
}

// TestFaultDepthIsTheShortestWay holds back the page on the short way until the
// long way has been gone to its end, which the limit puts before the last page.
func TestFaultDepthIsTheShortestWay(t *testing.T) {
	for _, workers := range []string{"2", "16"} {
		longWay := make(chan struct{})
		site := newFaultSite(t, map[string]answer{
			"/":       titled("Start", "/short", "/1"),
			"/1":      titled("1", "/2"),
			"/2":      moved(302, "/2b"),
			"/2b":     titled("2b", "/3"),
			"/3":      titled("3", "/target"),
			"/target": titled("Target", "/moved"),
			"/moved":  moved(307, "/behind"),
			"/behind": func(v *visit) {
				// Its row, and those of the pages before it, came the long way.
				close(longWay)
				titled("Behind", "/far", "http://[bad/")(v)
			},
			"/far": titled("Far", "/farther"), "/farther": titled("Farther", "/farthest"), "/farthest": titled("Farthest"),
			"/short": func(v *visit) {
				select {
				case <-longWay:
				case <-v.done:
				}
				titled("Short", "/target")(v)
			},
		})
		got := crawlSite(t, site, "-depth", "5", "-c", workers)
		depths := map[string]int{}
		for u, r := range got.pages {
			depths[u] = r.Depth
		}
		require.Equal(t, map[string]int{
			"/": 0, "/short": 1, "/1": 1, "/2": 2, "/2b": 2, "/3": 3,
			"/target": 2, "/moved": 3, "/behind": 3, "/far": 4, "http://[bad/": 4, "/farther": 5,
		}, depths)
	}
}

// TestFaultMaxPages writes so many rows and no more, whatever else is going on.
func TestFaultMaxPages(t *testing.T) {
	answers := map[string]answer{"/robots.txt": reply(200, "", "User-agent: *\nDisallow: /9\n")}
	var targets []string
	for i := range 40 {
		target := fmt.Sprintf("/%d", i)
		targets = append(targets, target)
		answers[target] = titled("Page", fmt.Sprintf("/sub/%d", i)) // which is not there
	}
	answers["/"] = titled("Start", targets...)
	const all = 1 + 40 + 40
	for _, most := range []int{1, 2, 7, 64, all - 1, all, all + 1, 0} {
		for _, workers := range []string{"1", "8", "64"} {
			site := newFaultSite(t, answers)
			got := crawlSite(t, site, "-max-pages", strconv.Itoa(most), "-c", workers, "-per-host", workers)
			want := most
			if most == 0 || most > all-1 {
				want = all - 1 // /9 is not read, and so neither is what is behind it
			}
			require.Len(t, got.pages, want, "-max-pages %d -c %s", most, workers)
		}
	}
}

// TestFaultsOfOtherHosts checks every link to another host once and follows
// none.
func TestFaultsOfOtherHosts(t *testing.T) {
	t.Parallel()
	noHead := func(a answer) answer {
		return func(v *visit) {
			if v.method == "HEAD" {
				reply(405, "", "")(v)
				return
			}
			a(v)
		}
	}
	other := newFaultSite(t, map[string]answer{
		"/robots.txt": reply(200, "", rules),
		"/ok":         titled("Other", "/unread"),
		"/no-head":    noHead(titled("Other", "/unread")),
		"/500":        reply(500, "", ""),
		"/moved":      moved(302, "/ok"),
		"/moved-away": moved(302, "/gone"),
	})
	o := other.url
	site := newFaultSite(t, map[string]answer{
		"/":  titled("Start", "/a", "/b", o+"/ok", o+"/ok#part", o+"/private", "/back"),
		"/a": titled("A", o+"/ok", o+"/no-head", o+"/404", o+"/500"),
		"/b": titled("B", o+"/ok?", o+"/moved", o+"/moved-away", "http://127.0.0.1:1/", "http://"+longLabel+"/"),
		// The way to another host may be a redirect.
		"/back": moved(302, o+"/ok"),
	})
	pages := map[string]row{
		"/": ok("Start").at(0).sized(-1), "/a": ok("A").sized(-1), "/b": ok("B").sized(-1),
		"/back": {Status: 302, Attempts: 1, Depth: 1, Redirect: "other:/ok"},
	}
	without := crawlSites(t, []*faultSite{site, other})
	samePages(t, pages, without.pages)
	require.Empty(t, other.requests())
	require.Equal(t, map[string]int{"GET /robots.txt": 1, "GET /": 1, "GET /a": 1, "GET /b": 1, "GET /back": 1}, site.requests())

	ext := func(r row) row {
		r.External = true
		return r
	}
	checked := ext(row{Status: 200, Attempts: 1, Depth: 1, Size: -1})
	pages["other:/ok"] = checked
	pages["other:/private"] = ext(disallowed)
	pages["other:/no-head"] = checked.at(2)
	pages["other:/404"] = ext(failed(404, "http", "404 Not Found", 1).at(2))
	pages["other:/500"] = ext(failed(500, "http", "500 Internal Server Error", 3).at(2))
	pages["other:/ok?"] = ext(failed(404, "http", "404 Not Found", 1).at(2))
	pages["other:/moved"] = ext(row{Status: 302, Attempts: 1, Depth: 2, Redirect: "other:/ok"})
	gone := ext(failed(302, "redirect", "redirects to other:/gone: 404 Not Found", 1).at(2))
	gone.Redirect = "other:/gone"
	pages["other:/moved-away"] = gone
	pages["other:/gone"] = ext(failed(404, "http", "404 Not Found", 1).at(2))
	pages["http://127.0.0.1:1/"] = ext(failed(0, "connection", "connection refused", 3).at(2))
	pages["http://"+longLabel+"/"] = ext(failed(0, "dns", "no such host", 1).at(2))
	with := crawlSites(t, []*faultSite{site, other}, "-external")
	samePages(t, pages, with.pages)
	sameRows(t, without.links, with.links)
	sameRows(t, wantedBroken(pages, with.links), with.broken)
	require.Equal(t, map[string]int{
		"GET /robots.txt": 1, "HEAD /ok": 1, "HEAD /no-head": 1, "GET /no-head": 1, "HEAD /404": 1, "GET /404": 1,
		"HEAD /500": 1, "GET /500": 3, "HEAD /ok?": 1, "GET /ok?": 1, "HEAD /moved": 1, "HEAD /moved-away": 1,
		"HEAD /gone": 1, "GET /gone": 1,
	}, other.requests())
}

// longLabel is no name that DNS can know: that it has no address can be told
// without a network.
const longLabel = "a123456789012345678901234567890123456789012345678901234567890123"
