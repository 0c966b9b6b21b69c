package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refused is the row of a reference that is no URL.
var refused = row{Kind: "url", Error: "not a valid URL", Depth: 1}

// TestFaultsOfReferences is about references that are hard to read: those that
// are no URL have a row that says so, and those to other things than pages have
// none.
func TestFaultsOfReferences(t *testing.T) {
	const maxURL, kept = 8192, 2048 // bytes that a URL may have, and that are kept of what is none
	base := len("http://127.0.0.1:12345")
	longest := "/" + strings.Repeat("x", maxURL-base-10) // however many digits the port has
	tooLong := "/" + strings.Repeat("y", maxURL)
	site := newFaultSite(t, map[string]answer{
		"/": html(`<title>Start</title>
			<a href="http://[bad/">bad host</a> <a href="http://[bad/">again</a> <a href="http://a b/">space</a>
			<a href="http://127.0.0.1:99999/">bad port</a> <a href="//">no host</a> <a href="http://%zz/">percent</a>
			<img src="https://[::1"> <a href="` + longest + `">long</a> <a href="` + tooLong + `">too long</a>
			<a href="mailto:a@b.example">mail</a> <a href="javascript:go('/unread')">script</a> <a href="data:text/html,x">data</a>
			<a href="tel:+123">call</a> <a href="ftp://127.0.0.1/">ftp</a> <a href="about:blank">blank</a> <a href="x-unknown:/unread">app</a>
			<a href="">self</a> <a href="#top">top</a> <a href="?">query</a> <a name="x">no reference</a>
			<a href="/100%">percent</a> <a href="/%">sign</a> <a href="/a%2Fb|c^d%zz?e%f|g">odd</a> <a href="/a%2Fb|c">bar</a> <a href="/?x=/robots.txt">parameter</a>
			<form action="/unread"><button formaction="/unread"></button></form><blockquote cite="/unread"></blockquote>
			<!-- <a href="/unread">comment</a> --><script>document.write('<a href="/unread">')</script>
			<textarea><a href="/unread"></textarea><link rel="preconnect" href="/unread">`),
		"/?":                  titled("Query"),
		"/?x=/robots.txt":     titled("Parameter"),
		"/100%":               titled("Percent"),
		"/%":                  titled("Sign"),
		"/a%2Fb|c^d%zz?e%f|g": titled("Odd"),
		"/a%2Fb|c":            titled("Bar"),
		longest:               titled("Long"),
	})
	got := crawlSite(t, site)
	pages := map[string]row{
		"/": ok("Start").at(0).sized(-1), "/?": ok("Query"), "/?x=/robots.txt": ok("Parameter"),
		"/100%": ok("Percent"), "/%": ok("Sign"), "/a%2Fb|c^d%zz?e%f|g": ok("Odd"), "/a%2Fb|c": ok("Bar"), longest: ok("Long"),
	}
	links := []link{
		{"/", longest, "long"}, {"/", "/?", "query"}, {"/", "/?x=/robots.txt", "parameter"},
		{"/", "/100%", "percent"}, {"/", "/%", "sign"}, {"/", "/a%2Fb|c^d%zz?e%f|g", "odd"}, {"/", "/a%2Fb|c", "bar"},
	}
	for reference, text := range map[string]string{
		"http://[bad/": "bad host", "http://a b/": "space", "http://127.0.0.1:99999/": "bad port", "//": "no host",
		"http://%zz/": "percent", "https://[::1": "img", tooLong[:kept]: "too long",
	} {
		pages[reference] = refused
		links = append(links, link{"/", reference, text})
	}
	samePages(t, pages, got.pages)
	sameRows(t, links, got.links)
	sameRows(t, wantedBroken(pages, links), got.broken)
	want := map[string]int{"GET /robots.txt": 1}
	for u, r := range pages {
		if r.Attempts > 0 {
			want["GET "+u] = 1
		}
	}
	require.Equal(t, want, site.requests())
}

// TestFaultsOfSpelling has one page under many names: it must be asked for once.
func TestFaultsOfSpelling(t *testing.T) {
	site := newFaultSite(t, nil)
	host := strings.TrimPrefix(site.url, "http://")
	var body strings.Builder
	for _, spelling := range []string{
		"/x/y", "x/y", "./x/y", "/./x/%2e/y", "/x/z/../y", "../../x/y", "/x/y#", "/x/y#a", "x/y#b?c", `\x\y`, "/x\\y",
		" /x/y ", "\n/x/\n\ty\t", "http:/x/y", "http:x/y", "//" + host + "/x/y", "HTTP://" + host + "/%7Ea/../x/y",
		"http:\\\\" + host + "\\x\\y", "http://user:secret@" + host + "/x/y", "http://user@" + host + "/x/y#z", "http:///" + host + "/x/y",
		"http://0x7f.1:" + host[len("127.0.0.1:"):] + "/x/y", "http://0" + "177.0.0.1:00" + host[len("127.0.0.1:"):] + "/x/y",
	} {
		fmt.Fprintf(&body, "<a href=\"%s\">%s</a>\n", spelling, linkText)
	}
	site.answers = map[string]answer{"/": html(body.String()), "/x/y": titled("Once", "/", "y", "y#a", "/x/../x/y?")}
	site.answers["/x/y?"] = titled("Twice") // a query, though it is empty
	got := crawlSite(t, site)
	samePages(t, map[string]row{"/": ok("").at(0).sized(-1), "/x/y": ok("Once").sized(-1), "/x/y?": ok("Twice").at(2)}, got.pages)
	sameRows(t, []link{{"/", "/x/y", linkText}, {"/x/y", "/", linkText}, {"/x/y", "/x/y?", linkText}}, got.links)
	require.Equal(t, map[string]int{"GET /robots.txt": 1, "GET /": 1, "GET /x/y": 1, "GET /x/y?": 1}, site.requests())
}

// TestFaultsOfStartPages gives the same start page in several ways, and one
// below another.
func TestFaultsOfStartPages(t *testing.T) {
	site := newFaultSite(t, map[string]answer{"/": titled("Start", "/sub"), "/sub": titled("Sub", "/deeper"), "/deeper": titled("Deeper")})
	got := crawlSite(t, site, site.url, site.url+"/#top", site.url+"/sub/../sub", "HTTP"+site.url[len("http"):]+"/.")
	samePages(t, map[string]row{
		"/": ok("Start").at(0).sized(-1), "/sub": ok("Sub").at(0).sized(-1), "/deeper": ok("Deeper"),
	}, got.pages)
	require.Equal(t, map[string]int{"GET /robots.txt": 1, "GET /": 1, "GET /sub": 1, "GET /deeper": 1}, site.requests())
}

// TestFaultlessReferences has every element that refers to something.
func TestFaultlessReferences(t *testing.T) {
	const body = `<head><base href="/base/"><base href="/unread/"><link rel="stylesheet" href="style.css"><link rel=icon href=icon.png>
		<meta http-equiv="Refresh" content="600; URL='refresh'"><script src="script.js"></script></head>
		<body><a href="a">an <em>anchor</em></a> <a href="b"><img src="img.png" alt="picture"></a>
		<img src="small.png" srcset="medium.png 2x, large.png 3x" alt=""><map><area href="area" alt="corner"></map>
		<iframe src="frame"></iframe><object data="object"></object><embed src="embed">
		<video src="video" poster="poster"><source src="source"></video><audio src="audio"></audio>
		<picture><source srcset="wide 100w, narrow 50w"><img src="img.png"></picture><svg><a href="svg">drawn</a></svg>`
	site := newFaultSite(t, map[string]answer{"/": html(body)})
	pages := map[string]row{"/": ok("").at(0).sized(int64(len(body)))}
	var links []link
	for name, text := range map[string]string{
		"style.css": "link rel=stylesheet", "icon.png": "link rel=icon", "refresh": "meta http-equiv=refresh", "script.js": "script",
		"a": "an anchor", "b": "picture", "img.png": "picture", "small.png": "img", "medium.png": "img", "large.png": "img",
		"area": "corner", "frame": "iframe", "object": "object", "embed": "embed", "video": "video", "poster": "video",
		"source": "source", "audio": "audio", "wide": "source", "narrow": "source", "svg": "drawn",
	} {
		target := "/base/" + name
		site.set(target, reply(200, "Content-Type: text/plain\r\n", "x"))
		pages[target] = row{Status: 200, Attempts: 1, Depth: 1, Size: 1}
		links = append(links, link{"/", target, text})
	}
	got := crawlSite(t, site)
	samePages(t, pages, got.pages)
	sameRows(t, links, got.links)
	require.Empty(t, got.broken)
}
