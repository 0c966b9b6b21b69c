package page

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnchorText(t *testing.T) {
	testLinks(t, []linkTest{
		{"<a href=x> a \n\t b\f\r\nc </a>", []string{"/dir/x a b c"}},
		{`<a href=x>a <b> b</b> c<i>d</i></a>`, []string{"/dir/x a b cd"}},
		{`<a href=x>a<br>b<div>c</div>d<li>e</a>`, []string{"/dir/x a b c d e"}},
		{`<a href=x>&lt;&amp;&nbsp;&eacute;&#x1F600;&bogus;</a>`, []string{"/dir/x <&\u00a0é😀&bogus;"}},
		{`<a href=x><img src=y alt=" z "></a>`, []string{"/dir/x z", "/dir/y z"}},
		{`<a href=x>a<img alt=b>c<img>d</a>`, []string{"/dir/x a b c d"}},
		{`<a href=x>a<!-- b -->c</a>`, []string{"/dir/x ac"}},
		{`<a href=x>a<script>b</script><style>c</style><textarea>d</textarea><noscript>e</noscript><template>f</template><title>g</title>h</a>`,
			[]string{"/dir/x aeh"}},
		{`<a href=x><svg><title>Logo</title><style>a{}</style><script/><path/></svg> y</a>`, []string{"/dir/x Logo y"}},
		{`<a href=x><svg><style>a<div>b</div></a>`, []string{"/dir/x b"}},
		{"<a href=x>a\x00b</a>", []string{"/dir/x ab"}},
		{`<a href=x>a<img src=y`, []string{"/dir/x a"}},
	})
}

func TestTextLimit(t *testing.T) {
	text := func(s string) string {
		return parse(`<a href=x>` + s + `</a>`).Links[0].Text
	}
	long := strings.Repeat("a", maxText)
	require.Equal(t, long, text(long))
	require.Equal(t, long, text(long+"b"))
	require.Equal(t, long, text(long+" b"))
	require.Equal(t, long[1:], text(long[1:]+" b"))
	require.Equal(t, long[1:], text(long[1:]+"ä"))
	require.Equal(t, long[2:]+"ä", text(long[2:]+"äb"))
	require.Equal(t, strings.Repeat("a ", maxText/2-1)+"a", text(strings.Repeat("<b> a </b>", 1000)))

	img := parse(`<img src=x alt="` + long + `bc"><link href=y rel="` + long + `">`)
	require.Equal(t, long, img.Links[0].Text)
	require.Equal(t, ("link rel=" + long)[:maxText], img.Links[1].Text)
}

func TestTitle(t *testing.T) {
	for body, want := range map[string]string{
		"<title>a</title>":                                      "a",
		"<title> a\n\n b </title>":                              "a b",
		"<title>a &amp; <b>b</b></title>":                       "a & <b>b</b>",
		"<title>a</title><title>b</title>":                      "a",
		"<title></title><title>b</title>":                       "",
		"<title/>a</title>":                                     "a",
		"<title>a":                                              "a",
		"<TITLE lang=en>a</TITLE >":                             "a",
		"a<title>b</title>":                                     "b",
		"<svg><title>a</title></svg><title>b</title>":           "b",
		"<svg><title>a</title><title>b</title>":                 "",
		"<svg><p><title>b</title>":                              "b",
		"<svg><foreignObject><title>b</title>":                  "b",
		"<svg/><title>b</title>":                                "b",
		"<template><title>a</title></template><title>b</title>": "b",
		"<template><svg></template><title>b</title>":            "b",
		"<textarea><title>a</title></textarea><title>b</title>": "b",
		"<!-- <title>a</title> --><title>b</title>":             "b",
		"<noscript><title>a</title></noscript>":                 "a",
		"<title>\x00a</title>":                                  "\ufffda",
		"<title></title>a":                                      "",
		"":                                                      "",
	} {
		require.Equal(t, want, parse(body).Title, "%s", body)
	}
	long := strings.Repeat("a", maxTitle-1)
	require.Equal(t, long+"b", parse("<title>"+long+"bc</title>").Title)
	require.Equal(t, long, parse("<title>"+long+"äc</title>").Title)
}

func TestRawText(t *testing.T) {
	const in = `<a href=in>in</a>`
	for _, name := range []string{"script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp"} {
		testLinks(t, []linkTest{
			{"<" + name + ">" + in + "</" + name + "><a href=out>out</a>", []string{"/dir/out out"}},
			{"<" + name + ">" + in, nil},
			{"<" + name + ">" + in + "</" + name + "x>" + in, nil},
		})
	}
	testLinks(t, []linkTest{
		{"<template>" + in + "<template>" + in + "</template>" + in + "</template><a href=out>out</a>", []string{"/dir/out out"}},
		{"<template><svg><template/><title></template>" + in, []string{"/dir/in in"}},
		{"<template>" + in + "<img src=in><base href=in><meta http-equiv=refresh content=0;url=in>", nil},
		{"<template/>" + in, nil},
		{"<svg><desc><template></svg>" + in, nil},
		{"</template>" + in, []string{"/dir/in in"}},
		{"<!--" + in + "--><a href=out>out</a>", []string{"/dir/out out"}},
		{"<!--" + in, nil},
		{"<!-->" + in, []string{"/dir/in in"}},
		{"<plaintext>" + in, nil},
		{"<script><!--<script>" + in + "</script>" + in + "--></script><a href=out>out</a>", []string{"/dir/out out"}},
		{"<noscript>" + in + "<img src=img></noscript>", []string{"/dir/in in", "/dir/img img"}},
		{"<svg><style>" + in + "</style><script>" + in, []string{"/dir/in "}},
		{"<svg><![CDATA[>" + in + "]]><a href=out>out</a>", []string{"/dir/out out"}},
		{"<![CDATA[>" + in + "]]>", []string{"/dir/in in"}},
		{"<svg></svg><![CDATA[>" + in + "]]>", []string{"/dir/in in"}},
		{"<svg><a href=a>b</a><image href=c /><script src=d /><link href=e></svg>", []string{"/dir/a b"}},
		{"<svg><desc><script src=a></script></desc><script src=b /></svg><math><mi><script src=c></script></math><script src=d></script>",
			[]string{"/dir/a script", "/dir/c script", "/dir/d script"}},
		{"<svg><img src=a>" + "<script src=b></script>", []string{"/dir/a img", "/dir/b script"}},
		{"<svg></p><script src=b></script>", []string{"/dir/b script"}},
		{"<div><svg></div><script src=b></script>", []string{"/dir/b script"}},
		{"<svg><mi><script src=a></script></svg><math><desc><script src=b></script>", nil},
	})
}
