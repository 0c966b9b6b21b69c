package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const rules = "User-agent: *\nDisallow: /private\n"

var disallowed = row{Kind: "robots", Error: "disallowed by robots.txt", Depth: 1}

// robotsSite has something that its rules disallow, and a page that says of
// itself not to follow its links.
func robotsSite(t *testing.T, robots answer) *faultSite {
	return newFaultSite(t, map[string]answer{
		"/robots.txt":  robots,
		"/":            titled("Start", "/private", "/public", "/nofollow"),
		"/private":     titled("Private"),
		"/private/sub": titled("Sub"),
		"/public":      titled("Public", "/private/sub?query"),
		"/nofollow":    html(`<meta name="robots" content="noindex, NoFollow"><a href="/hidden">link</a>`),
		"/hidden":      titled("Hidden"),
	})
}

func TestFaultRobotsAreObeyed(t *testing.T) {
	site := robotsSite(t, reply(200, "", rules))
	got := crawlSite(t, site)
	samePages(t, map[string]row{
		"/":                  ok("Start").at(0).sized(-1),
		"/private":           disallowed,
		"/private/sub?query": disallowed.at(2),
		"/public":            ok("Public").sized(-1),
		"/nofollow":          ok("").sized(-1),
	}, got.pages)
	sameRows(t, []link{
		{"/", "/private", linkText}, {"/", "/public", linkText}, {"/", "/nofollow", linkText},
		{"/public", "/private/sub?query", linkText},
	}, got.links)
	require.Empty(t, got.broken, "to be disallowed is not to be broken")
	require.Equal(t, map[string]int{"GET /robots.txt": 1, "GET /": 1, "GET /public": 1, "GET /nofollow": 1}, site.requests())
}

func TestFaultRobotsAreIgnoredIfToldTo(t *testing.T) {
	site := robotsSite(t, reply(200, "", rules))
	got := crawlSite(t, site, "-robots=false")
	require.Equal(t, []string{"/", "/hidden", "/nofollow", "/private", "/private/sub?query", "/public"}, got.urls())
	sameRows(t, []link{
		{"/", "/private", linkText}, {"/", "/public", linkText}, {"/", "/nofollow", linkText},
		{"/public", "/private/sub?query", linkText}, {"/nofollow", "/hidden", linkText},
	}, got.links)
	require.Zero(t, site.got("GET", "/robots.txt"))
}

// TestFaultyRobots is about what a robots.txt means that is none, or not quite.
func TestFaultyRobots(t *testing.T) {
	var (
		everything = []string{"GET /", "GET /nofollow", "GET /private", "GET /private/sub?query", "GET /public"}
		obeyed     = []string{"GET /", "GET /nofollow", "GET /public"}
		nothing    []string
		depths     = map[string]int{"/": 0, "/private": 1, "/private/sub?query": 2}
	)
	slow := func(v *visit) {
		timer := time.NewTimer(100 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-v.done:
		}
		reply(200, "", rules)(v)
	}
	for _, test := range []struct {
		name   string
		robots answer
		asked  int // how often for robots.txt; 0: any number of times
		want   []string
	}{
		{"missing", reply(404, "", ""), 1, everything},
		{"forbidden", reply(403, "", rules), 1, everything},
		{"empty", reply(200, "", ""), 1, everything},
		{"a page", html("<!DOCTYPE html><p>Disallow: /private"), 1, everything},
		{"a picture", reply(200, typePNG, png), 1, everything},
		{"broken", reply(500, "", ""), 3, nothing},
		{"busy", first(reply(503, "", ""), reply(200, "", rules)), 2, obeyed},
		{"moved", moved(301, "/public?robots"), 1, everything},
		{"loops", moved(301, "/robots.txt"), 0, everything},
		{"closed", raw(""), 0, everything},
		{"slow", slow, 1, obeyed},
		{"endless", func(v *visit) {
			raw(headOK + chunked + fmt.Sprintf("\r\n%x\r\n%s\r\n", len(rules), rules))(v)
			v.endlessly("8\r\n# more.\n\r\n", 0)
		}, 1, obeyed},
		{"byte order mark", reply(200, "", "\ufeff"+rules), 1, obeyed},
		{"bad delay", reply(200, "", "User-agent: *\nCrawl-delay: soon\nDisallow: /private\n"), 1, obeyed},
		{"misplaced rule", reply(200, "", "Disallow: /public\n"+rules), 1, obeyed},
		{"nonsense line", reply(200, "", "Be nice!\n:\n"+rules), 1, obeyed},
		{"for us", reply(200, "", "User-agent: *\nDisallow: /\n\nUser-agent: Interleave-Crawler\nDisallow: /private\n"), 1, obeyed},
		{"for others", reply(200, "", "User-agent: other\nDisallow: /\n\n"+rules), 1, obeyed},
		{"pattern", reply(200, "", "User-agent: *\nDisallow: /p*vate\nAllow: /public\n"), 1, obeyed},
		{"pattern in the middle", reply(200, "", "User-agent: *\nDisallow: /private\nDisallow: /b*c$\nDisallow: /*x\n"), 1, obeyed},
		{"everything", reply(200, "", "User-agent: *\nDisallow: /\n"), 1, nothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			site := robotsSite(t, test.robots)
			site.set("/public?robots", reply(200, "", ""))
			got := crawlSite(t, site)
			asked := site.requests()
			if test.asked > 0 {
				require.Equal(t, test.asked, asked["GET /robots.txt"])
			}
			delete(asked, "GET /robots.txt")
			delete(asked, "GET /public?robots")
			want := map[string]int{}
			for _, request := range test.want {
				want[request] = 1
			}
			require.Equal(t, want, asked)
			rows := 5
			if len(test.want) == 0 {
				rows = 1
			}
			require.Len(t, got.pages, rows)
			for u, r := range got.pages {
				if want["GET "+u] == 0 {
					require.Equal(t, disallowed.at(depths[u]), r, u)
				}
			}
		})
	}
}

// TestFaultRobotsNeverCome checks that a robots.txt that does not come in time
// keeps nobody out.
func TestFaultRobotsNeverCome(t *testing.T) {
	t.Parallel()
	site := newFaultSite(t, map[string]answer{"/": titled("Start"), "/robots.txt": (*visit).hang})
	got := crawlSite(t, site, "-timeout", "2s", "-retries", "0")
	samePages(t, map[string]row{"/": ok("Start").at(0)}, got.pages)
}

// TestFaultRobotsDelay checks that the delay lies between any two pages. The
// first may come at once.
func TestFaultRobotsDelay(t *testing.T) {
	t.Parallel()
	site := newFaultSite(t, map[string]answer{
		"/":           titled("Start", "/a", "/b", "/c"),
		"/robots.txt": reply(200, "", "User-agent: *\nCrawl-delay: 0.2\n"),
		"/a":          titled("A"), "/b": titled("B"), "/c": titled("C"),
	})
	begun := time.Now()
	got := crawlSite(t, site)
	require.Equal(t, []string{"/", "/a", "/b", "/c"}, got.urls())
	require.GreaterOrEqual(t, time.Since(begun), 600*time.Millisecond)
}

// TestFaultRobotsDelayOfCenturies checks that no delay is too long to be taken,
// nor too short. A long one is waited for, until the crawl is interrupted.
func TestFaultRobotsDelayOfCenturies(t *testing.T) {
	t.Parallel()
	for delay, want := range map[string]int{
		"9e9": exitInterrupted, "1e300": exitInterrupted, "31536000": exitInterrupted, "0.0000000001": exitDone,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		site := newFaultSite(t, map[string]answer{
			"/": titled("Start"),
			"/robots.txt": func(v *visit) {
				reply(200, "", "User-agent: *\nCrawl-delay: "+delay+"\n")(v)
				if want == exitInterrupted {
					time.AfterFunc(50*time.Millisecond, cancel)
				}
			},
		})
		var out, err bytes.Buffer
		db := filepath.Join(t.TempDir(), "crawl.db")
		code := run(ctx, []string{"-quiet", "-db", db, site.url + "/"}, &out, &err)
		require.Equal(t, want, code, "%s: %s", delay, err.String())
		require.Equal(t, map[int]int{exitDone: 1}[want], site.got("GET", "/"), delay)
	}
}
