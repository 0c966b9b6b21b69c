package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const (
	pageURL  = "http://example.com/dir/page.html?q"
	utf8HTML = "text/html; charset=utf-8"
)

func parse(body string) Page {
	return NewParser().Parse(pageURL, utf8HTML, []byte(body))
}

// links returns each link as "URL text", without the origin of the page.
func links(pg Page) []string {
	out := []string{}
	for _, l := range pg.Links {
		s := strings.TrimPrefix(l.URL, "http://example.com") + " " + l.Text
		if l.Err != nil {
			s += " !"
		}
		out = append(out, s)
	}
	return out
}

type linkTest struct {
	body string
	want []string
}

func testLinks(t *testing.T, tests []linkTest) {
	t.Helper()
	for _, tt := range tests {
		if tt.want == nil {
			tt.want = []string{}
		}
		require.Equal(t, tt.want, links(parse(tt.body)), "%s", tt.body)
	}
}

func TestElements(t *testing.T) {
	testLinks(t, []linkTest{
		{`<a href=x>y</a>`, []string{"/dir/x y"}},
		{`<A HREF='x'>y</A >`, []string{"/dir/x y"}},
		{`<a name=x>y</a>`, nil},
		{`<area href=x alt="y z"><area href=w>`, []string{"/dir/x y z", "/dir/w area"}},
		{`<link rel=stylesheet href=x><link href=y><link rel="shortcut  icon" href=z>`,
			[]string{"/dir/x link rel=stylesheet", "/dir/y link", "/dir/z link rel=shortcut icon"}},
		{`<link rel=preconnect href=a><link rel="DNS-Prefetch preconnect" href=b><link rel="preload preconnect" href=c>`,
			[]string{"/dir/c link rel=preload preconnect"}},
		{`<img src=x alt="y"><img src=z><image src=w>`, []string{"/dir/x y", "/dir/z img", "/dir/w img"}},
		{`<img srcset="a 1x, b 2x" src=c alt=d>`, []string{"/dir/c d", "/dir/a d", "/dir/b d"}},
		{`<picture><source srcset="a, b 2x"><source src=c></picture>`,
			[]string{"/dir/a source", "/dir/b source", "/dir/c source"}},
		{`<script src=a></script><iframe src=b></iframe><frame src=c><embed src=d>`,
			[]string{"/dir/a script", "/dir/b iframe", "/dir/c frame", "/dir/d embed"}},
		{`<video src=a poster=b></video><audio src=c poster=d></audio><object data=e></object>`,
			[]string{"/dir/a video", "/dir/b video", "/dir/c audio", "/dir/e object"}},
		{`<meta http-equiv=Refresh content="0; url=x">`, []string{"/dir/x meta http-equiv=refresh"}},
		{`<form action=x><input src=y></form><div href=z src=z></div><p data=z>`, nil},
		{`<unknown-element href=x><averyveryverylongelementname href=x>`, nil},
		{`<a href=a /><a href=/b/>c`, []string{"/dir/a ", "/b/ c"}},
		{`<a href="/?a=1&amp;b=2&copy=3&#38;c">x</a>`, []string{"/?a=1&b=2&copy=3&c x"}},
		{`<a href="a" href="b">x</a>`, []string{"/dir/a x"}},
	})
}

func TestLeftOut(t *testing.T) {
	testLinks(t, []linkTest{
		{`<a href="">a</a><a href>a</a><a href=" ">a</a><a href=#>a</a><a href="#b">a</a><a href="page.html?q#c">a</a>`, nil},
		{`<img src="" srcset=""><script src></script><link rel=icon href=" ">`, nil},
		{`<a href=?q>a</a><a href=?>b</a><a href=page.html>c</a>`, []string{"/dir/page.html? b", "/dir/page.html c"}},
		{`<a href=mailto:a@b>a</a><a href="javascript:b()">b</a><img src="data:image/png;base64,AA"><a href=tel:1>c</a>` +
			`<a href=about:blank>d</a><iframe src=about:blank></iframe><a href=ftp://a/>e</a><a href="JAVA script:x">f</a>`,
			[]string{"/dir/JAVA%20script:x f"}},
		{"<a href='java\nscript:x'>a</a><a href=' \tmailto:b'>b</a>", nil},
	})
}

func TestEachURLOnce(t *testing.T) {
	testLinks(t, []linkTest{
		{`<a href=a>1</a><a href=./a>2</a><a href=a#b>3</a><a href=//EXAMPLE.com:80/dir/a>4</a>`, []string{"/dir/a 1"}},
		{`<a href=a><i></i></a><a href=b>2</a><a href=a>3</a><a href=a>4</a>`, []string{"/dir/a 3", "/dir/b 2"}},
		{`<a href=a>1<img src=a alt=2></a>`, []string{"/dir/a 1 2"}},
		{`<a href=a><img src=a></a>`, []string{"/dir/a img"}},
		{`<a href="http://">1</a><a href="http://">2</a>`, []string{"http:// 1 !"}},
	})
}

func TestInvalidReferences(t *testing.T) {
	for ref, want := range map[string]string{
		"http://":                         "http://",
		" http://a b/\n":                  "http://a b/",
		"//example.com:port/":             "//example.com:port/",
		"//" + strings.Repeat("ä", 2000):  "//" + strings.Repeat("ä", 1023),
		"/" + strings.Repeat("a", maxURL): "/" + strings.Repeat("a", 2047),
	} {
		pg := parse(`<a href="` + ref + `">b</a>`)
		require.Len(t, pg.Links, 1)
		require.Error(t, pg.Links[0].Err)
		require.Equal(t, want, pg.Links[0].URL)
		require.Equal(t, "b", pg.Links[0].Text)
	}
}

func TestUnknownPageURL(t *testing.T) {
	for _, u := range []string{"", "about:blank", "file:///a", "/a"} {
		pg := NewParser().Parse(u, utf8HTML, []byte(`<a href=b>c</a><a href="">d</a><a href=http://e>f</a>`))
		require.Equal(t, []string{"b c !", " d !", "http://e/ f"}, links(pg), "%q", u)
	}
	pg := NewParser().Parse("", utf8HTML, []byte(`<base href=http://a/b><a href=b>c</a><a href="d">e</a>`))
	require.Equal(t, []string{"http://a/b c", "http://a/d e"}, links(pg))
}

func TestBase(t *testing.T) {
	testLinks(t, []linkTest{
		{`<base href=/b/><a href=x>y</a>`, []string{"/b/x y"}},
		{`<a href=x>y</a><img src=z><base href=/b/><a href=x>z</a>`, []string{"/b/x y", "/b/z img"}},
		{`<a href=x>y<base href=/b/></a>z`, []string{"/b/x y"}},
		{`<base href=b/><a href=x>y</a>`, []string{"/dir/b/x y"}},
		{`<base target=_top><base href=/b/><base href=/c/><a href=x>y</a>`, []string{"/b/x y"}},
		{`<base href=""><base href=/c/><a href=x>y</a>`, []string{"/dir/x y"}},
		{`<base href=https://other.example:443/a#b><a href=x>y</a><a href=//z>z</a>`, []string{"https://other.example/x y", "https://z/ z"}},
		{`<base href="http://"><base href=/c/><a href=x>y</a>`, []string{"/dir/x y"}},
		{`<base href="data:,a/"><a href=x>y</a>`, []string{"/dir/x y"}},
		{`<base href=" JavaScript:a"><a href=x>y</a>`, []string{"/dir/x y"}},
		{`<base href="mailto:a"><a href=x>y</a><a href=http://z/>z</a>`, []string{"x y !", "http://z/ z"}},
		{`<template><base href=/b/></template><svg><base href=/c/></svg><a href=x>y</a>`, []string{"/dir/x y"}},
		{`<noscript><base href=/b/></noscript><a href=x>y</a>`, []string{"/b/x y"}},
		// A fragment alone belongs to the base, not to the page.
		{`<base href=/b/><a href=#x>y</a><a href="">z</a>`, []string{"/b/ y"}},
		{`<base href=page.html?q><a href=#x>y</a>`, nil},
		{`<base href=/b/><img src=""><script src=" "></script><link href>`, nil},
	})
	pg := parse(`<title>a</title><a href=x>y</a><meta name=robots content=none><base href=/b/><title>c</title>`)
	require.Equal(t, "a", pg.Title)
	require.True(t, pg.NoFollow)
}

func TestRefresh(t *testing.T) {
	for content, want := range map[string]string{
		"5": "", "5;": "", "": "", ";url=a": "", "a;url=b": "", "5a;url=b": "", "5;url=": "",
		"0;url=a": "a", "0; URL = a": "a", " 1.5 , url=a": "a", ".5;url=a": "a", "0 a": "a", "0;a": "a", "0;url": "url",
		"0;url='a b' c": "a b", `0;url="a`: "a", "0;'a'": "a", "0;url a": "url a", "0;ur=a": "ur=a", "0.1.2;;a": ";a",
	} {
		require.Equal(t, want, string(refreshURL([]byte(content))), "%q", content)
	}
	testLinks(t, []linkTest{
		{`<meta http-equiv=refresh content=5>`, nil},
		{`<meta http-equiv=refresh content="5; url=page.html?q">`, nil},
		{`<noscript><meta http-equiv=refresh content="0; url=x"></noscript>`, []string{"/dir/x meta http-equiv=refresh"}},
	})
}

func TestNoFollow(t *testing.T) {
	for content, want := range map[string]bool{
		"nofollow": true, "NOFOLLOW": true, "none": true, "noindex, nofollow": true, "noindex nofollow": true, "noindex,nofollow,": true,
		"": false, "follow": false, "noindex": false, "nofollows": false, "max-snippet:-1": false,
	} {
		require.Equal(t, want, parse(fmt.Sprintf(`<meta name="Robots" content="%s">`, content)).NoFollow, content)
	}
	require.False(t, parse(`<meta name=other content=nofollow><template><meta name=robots content=none></template>`).NoFollow)
	require.True(t, parse(`<meta name=robots content=none><meta name=robots content=index>`).NoFollow)
}

func TestLinkLimit(t *testing.T) {
	var b strings.Builder
	for i := range maxLinks + 10 {
		fmt.Fprintf(&b, "<a href=%d>x</a>", i)
	}
	b.WriteString("<title>end</title>")
	pg := parse(b.String())
	require.Len(t, pg.Links, maxLinks)
	require.Equal(t, "http://example.com/dir/9999", pg.Links[maxLinks-1].URL)
	require.Equal(t, "x", pg.Links[maxLinks-1].Text)
	require.Equal(t, "end", pg.Title)
}
